/** What has to be said above the cells: nothing runs yet, unsaved work was found, a cell is busy, the kernel failed. */
import { discardRecovered, openProblem, recovered, takeRecovered, trustAndRun } from "../state/files.ts";
import { notebook } from "../state/notebook.ts";
import { kernelProblem, kernelStatus, startKernel, trusted } from "../state/session.ts";
import { say } from "../state/ui.ts";

/** Ends a kernel that no longer answers. Its successor runs nothing by itself, or it would hang again. */
function stopBusy(): void {
  startKernel("none");
  say("Stopped. The notebook is as it was; mend the cell, then run it.");
}

export function Banners() {
  if (notebook.value === null) return null;
  return (
    <>
      {openProblem.value !== null && (
        <div class="banner" data-tone="error" role="alert">
          <span>{openProblem.value}</span>
        </div>
      )}
      {recovered.value !== null && (
        <div class="banner" role="status">
          <span>
            <strong>Unsaved work was found</strong> from the last time this notebook was open.
          </span>
          <span class="grow" />
          <button type="button" class="button" data-main onClick={takeRecovered}>
            Look at it
          </button>
          <button type="button" class="button" onClick={discardRecovered}>
            Discard
          </button>
        </div>
      )}
      {!trusted.value && (
        <div class="banner" role="status" data-banner="preview">
          <span>
            <strong>This is a preview: nothing runs.</strong> A notebook is code that somebody else may have written.
            Read it; run it if you trust it.
          </span>
          <span class="grow" />
          <button type="button" class="button" data-main onClick={() => void trustAndRun()}>
            Run this notebook
          </button>
        </div>
      )}
      {kernelStatus.value === "busy" && (
        <div class="banner" data-tone="error" role="alert" data-banner="busy">
          <span>
            <strong>A cell is busy</strong> and has not answered for five seconds. Stopping ends what runs; the notebook
            stays.
          </span>
          <span class="grow" />
          <button type="button" class="button" data-main onClick={stopBusy}>
            Stop
          </button>
        </div>
      )}
      {kernelStatus.value === "failed" && (
        <div class="banner" data-tone="error" role="alert">
          <span>
            <strong>The notebook does not run:</strong> {kernelProblem.value}
          </span>
          <span class="grow" />
          <button type="button" class="button" onClick={() => startKernel("all")}>
            Try again
          </button>
        </div>
      )}
    </>
  );
}
