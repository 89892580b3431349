/** What no page may do on the desktop: leave, open windows, get permissions, or reach the network. */
import { app } from "electron";
import type { Session } from "electron";

/**
 * Denies by default. Besides this, a packaged app sets Electron's fuses: no `ELECTRON_RUN_AS_NODE`, no `NODE_OPTIONS`, no
 * `--inspect`, only the app from its archive, and its integrity checked.
 */
export function lockDown(session: Session, shellOrigin: string): void {
  session.setPermissionRequestHandler((_contents, permission, answer, details) => {
    answer(permission === "clipboard-sanitized-write" && details.requestingUrl.startsWith(`${shellOrigin}/`));
  });
  session.setPermissionCheckHandler((_contents, permission, origin) => {
    return permission === "clipboard-sanitized-write" && origin.startsWith(shellOrigin);
  });
  session.webRequest.onBeforeRequest((details, answer) => {
    answer({ cancel: !/^(?:app|blob|data|devtools):/.test(details.url) });
  });
  app.on("web-contents-created", (_event, contents) => {
    contents.setWindowOpenHandler(() => ({ action: "deny" }));
    contents.on("will-attach-webview", event => event.preventDefault());
    contents.on("will-frame-navigate", details => {
      const kernel = !details.isMainFrame && /^app:\/\/k-[a-z0-9]{16,64}\//.test(details.url);
      if (!kernel) details.preventDefault();
    });
  });
}
