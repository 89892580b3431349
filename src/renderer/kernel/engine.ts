/** The engine of this kernel, in its Worker. Imported first: it reads its code while the frame reads its own. */
// oxlint-disable-next-line import/default -- the bundler gives this import its default
import EngineWorker from "./engine.worker.ts?worker&inline";

export const engine = new EngineWorker();
