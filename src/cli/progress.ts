/** A progress bar on a terminal; nothing at all where standard error is no terminal. */

export interface ProgressBar {
  /** Shows a share from 0 to 1 with a few words. */
  show(share: number, words: string): void;
  clear(): void;
}

const WIDTH = 24;
const EVERY = 80;

export function progressBar(what: string): ProgressBar {
  const { stderr } = process;
  if (!stderr.isTTY) return { show: () => {}, clear: () => {} };
  let last = 0;
  return {
    show(share, words) {
      const now = performance.now();
      if (now - last < EVERY) return;
      last = now;
      const full = Math.round(WIDTH * Math.min(1, Math.max(0, share)));
      stderr.write(
        `\r\x1b[K${what} ${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${Math.floor(share * 100)} %  ${words}`,
      );
    },
    clear: () => void stderr.write("\r\x1b[K"),
  };
}
