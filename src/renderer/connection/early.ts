/**
 * What is begun before the rest of the app has been evaluated, because the first run waits for it: the kernel's frame comes up, and
 * the host reads the notebook. Imported before anything else.
 */
import { host } from "./host.ts";
import { prepareKernel } from "./kernel-frame.ts";

/** The notebook that the app was started with, or null. */
export const initial = host.initial();
// Whoever opens it hears of the failure.
initial.catch(() => undefined);

prepareKernel();
