/** The host of this page: the desktop's, where the preload gave one, otherwise the local server's. */
import { FIRST_ANSWERS, type FirstAnswers, type Host } from "../../protocol/host.ts";

declare global {
  interface Window {
    readonly tidemarkHost?: Host;
  }
}

async function ask(method: string, args: readonly unknown[]): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/host/${method}`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(args),
    });
  } catch {
    throw new Error("the local server does not answer; is `npm start` still running?");
  }
  if (response.ok) return response;
  const answer = await response.text();
  let reason = answer.trim();
  try {
    reason = (JSON.parse(answer) as { error: string }).error;
  } catch {
    // A refusal at the door is plain text already.
  }
  throw new Error(reason);
}

const call =
  <Result>(method: string) =>
  async (...args: unknown[]): Promise<Result> =>
    (await ask(method, args)).json() as Promise<Result>;

/** Answers that came with the page. Each holds for the first time that it is asked for: a second kernel has another address. */
let told: FirstAnswers | null = null;

async function first<Method extends keyof FirstAnswers>(
  method: Method,
): Promise<Exclude<FirstAnswers[Method], undefined>> {
  told ??= JSON.parse(document.getElementById(FIRST_ANSWERS)?.textContent ?? "{}") as FirstAnswers;
  const { [method]: answer, ...others } = told;
  told = others as FirstAnswers;
  if (answer !== undefined) return answer as Exclude<FirstAnswers[Method], undefined>;
  return call<Exclude<FirstAnswers[Method], undefined>>(method)();
}

const served: Host = {
  kind: "browser",
  kernelUrl: () => first("kernelUrl"),
  initial: () => first("initial"),
  notebooks: call("notebooks"),
  open: call("open"),
  chooseAndOpen: call("chooseAndOpen"),
  create: call("create"),
  save: call("save"),
  journal: call("journal"),
  recover: call("recover"),
  trust: call("trust"),
  readData: async (handle, name) => (await ask("readData", [handle, name])).arrayBuffer(),
  readPart: async (handle, name, from, to) => {
    const response = await ask("readPart", [handle, name, from, to]);
    const size = Number(response.headers.get("Content-Range")?.split("/")[1]);
    return { bytes: await response.arrayBuffer(), size, version: response.headers.get("ETag") ?? "" };
  },
  saveFiles: async files => {
    for (const each of files) download(each.name, new Blob([each.text], { type: "text/plain" }));
    return true;
  },
  openExternal: async url => {
    open(url, "_blank", "noopener,noreferrer");
  },
  liveOpen: call("liveOpen"),
  liveAllow: call("liveAllow"),
  liveNext: call("liveNext"),
  liveAct: call("liveAct"),
};

export const host: Host = window.tidemarkHost ?? served;

/** Offers something the page made as a download. */
export function download(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
