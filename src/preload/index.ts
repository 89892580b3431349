/** The bridge: one typed `Host` for the page, and the menu's commands. Nothing of Electron itself is handed over. */
import { contextBridge, ipcRenderer } from "electron";
import type { Host } from "../protocol/host.ts";

async function call(method: string, args: readonly unknown[]): Promise<unknown> {
  const answer = (await ipcRenderer.invoke("host", method, args)) as { result?: unknown; error?: string };
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer.result;
}

const through =
  <Result>(method: string) =>
  (...args: unknown[]): Promise<Result> =>
    call(method, args) as Promise<Result>;

const host: Host = {
  kind: "desktop",
  kernelUrl: through("kernelUrl"),
  initial: through("initial"),
  notebooks: through("notebooks"),
  open: through("open"),
  chooseAndOpen: through("chooseAndOpen"),
  create: through("create"),
  save: through("save"),
  journal: through("journal"),
  recover: through("recover"),
  trust: through("trust"),
  readData: async (handle, name) => {
    const bytes = (await call("readData", [handle, name])) as Uint8Array<ArrayBuffer>;
    const whole = bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength;
    return whole ? bytes.buffer : bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  },
  readPart: async (handle, name, from, to) => {
    const part = (await call("readPart", [handle, name, from, to])) as {
      bytes: Uint8Array<ArrayBuffer>;
      size: number;
      version: string;
    };
    return { bytes: part.bytes.slice().buffer, size: part.size, version: part.version };
  },
  saveFiles: through("saveFiles"),
  openExternal: through("openExternal"),
  liveOpen: through("liveOpen"),
  liveAllow: through("liveAllow"),
  liveNext: through("liveNext"),
  liveAct: through("liveAct"),
};

contextBridge.exposeInMainWorld("tidemarkHost", host);
contextBridge.exposeInMainWorld("tidemarkMenu", (listen: (command: string) => void) => {
  ipcRenderer.on("menu", (_event, command: unknown) => {
    if (typeof command === "string") listen(command);
  });
});
