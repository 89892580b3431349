/** What the page and the engine hold in memory, each in a heap of its own. */
import type { CDPSession, Page } from "playwright-core";

interface Attached {
  readonly sessionId: string;
  readonly targetInfo: { readonly type: string };
}

/**
 * A way to speak to everything of the app that has a heap of its own: the page, the kernel's frame, the engine's worker. Workers are
 * reached through the target that they belong to.
 */
export async function heaps(page: Page): Promise<() => Promise<{ page: number; engine: number }>> {
  const own = await page.context().newCDPSession(page);
  const others: { session: CDPSession; id: string }[] = [];
  const attach = async (session: CDPSession): Promise<void> => {
    session.on("Target.attachedToTarget", ({ sessionId, targetInfo }: Attached) => {
      if (targetInfo.type === "worker") others.push({ session, id: sessionId });
    });
    await session.send("Target.setAutoAttach", { autoAttach: true, waitForDebuggerOnStart: false, flatten: false });
  };
  await attach(own);
  for (const frame of page.frames()) {
    if (frame === page.mainFrame()) continue;
    const session = await page
      .context()
      .newCDPSession(frame)
      .catch(() => null);
    if (session !== null) await attach(session);
  }
  let request = 0;
  const ask = (to: { session: CDPSession; id: string }, method: string): Promise<Record<string, number>> =>
    new Promise(done => {
      const id = ++request;
      const hear = ({ sessionId, message }: { sessionId: string; message: string }): void => {
        const answer = JSON.parse(message) as { id?: number; result?: Record<string, number> };
        if (sessionId !== to.id || answer.id !== id) return;
        to.session.off("Target.receivedMessageFromTarget", hear);
        done(answer.result ?? {});
      };
      to.session.on("Target.receivedMessageFromTarget", hear);
      void to.session.send("Target.sendMessageToTarget", { sessionId: to.id, message: JSON.stringify({ id, method }) });
    });
  return async () => {
    await own.send("HeapProfiler.enable");
    await own.send("HeapProfiler.collectGarbage");
    const { usedSize } = await own.send("Runtime.getHeapUsage");
    let engine = 0;
    for (const other of others) {
      await ask(other, "HeapProfiler.enable");
      await ask(other, "HeapProfiler.collectGarbage");
      const usage = await ask(other, "Runtime.getHeapUsage");
      engine += usage["usedSize"] + (usage["backingStorageSize"] ?? 0);
    }
    if (others.length === 0) throw new Error("The engine's worker was not found.");
    return { page: usedSize, engine };
  };
}
