/** What a notebook must not be able to do, tried from within: from a cell, from the kernel's frame, and from Markdown. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Frame } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { notebookWith, openApp } from "./app.ts";
import type { RunningApp } from "./app.ts";

const ts = "text/x-typescript";

const hostile = notebookWith("Hostile", [
  [
    "text/markdown",
    [
      "# Looks harmless",
      '<img src="x" onerror="document.title=\'owned\'"><script>document.title="owned"</script>',
      '<form action="/host/save"><button>Save</button></form><style>.app{display:none}</style>',
      '[click](javascript:document.title="owned") <a href="/host/initial">local</a>',
    ].join("\n\n"),
  ],
  [ts, 'const request = await fetch("/").then(() => "reached", () => "blocked");'],
  [ts, "const socket = typeof globalThis.RTCPeerConnection;"],
  [
    ts,
    'const above = (() => { try { return String(globalThis.parent.document.title); } catch { return "blocked"; } })();',
  ],
  [
    ts,
    'const stored = (() => { try { globalThis.localStorage.setItem("a", "b"); return "stored"; } catch { return "blocked"; } })();',
  ],
  [
    ts,
    'display(html`<p onclick="document.title=\'owned\'">markup</p><script>document.title="owned"</script><iframe src="/"></iframe>`)',
  ],
]);

let app: RunningApp;

beforeAll(async () => {
  app = await openApp({ text: hostile });
  await app.page.locator(".cell").nth(4).locator(".inspected").waitFor();
});

afterAll(() => app?.close());

function kernelFrame(): Frame {
  const frame = app.page.frames().find(each => each.url().includes("//k-"));
  if (frame === undefined) throw new Error("there is no kernel frame");
  return frame;
}

test("a cell reaches no server, no other page, no storage and no peer", async () => {
  const said = await app.page.locator(".inspected").allInnerTexts();
  expect(said.map(each => each.replaceAll('"', "").trim())).toEqual([
    "request: blocked",
    "socket: undefined",
    "above: blocked",
    "stored: blocked",
  ]);
});

test("the kernel's frame has an opaque origin of its own process and cannot get out", async () => {
  const frame = kernelFrame();
  expect(await frame.evaluate(() => origin)).toBe("null");
  for (const address of [`http://localhost:${app.port}/host/initial`, "https://example.org/", "/assets/x.js"]) {
    expect(
      await frame.evaluate(
        url =>
          fetch(url, { mode: "no-cors" }).then(
            () => "reached",
            () => "blocked",
          ),
        address,
      ),
    ).toBe("blocked");
  }
  const page = await frame.evaluate(() => {
    try {
      return parent.document.body.innerHTML;
    } catch (error) {
      return (error as Error).name;
    }
  });
  expect(page).toBe("SecurityError");
  expect(await frame.evaluate(() => document.cookie).catch(() => "SecurityError")).toMatch(/SecurityError|^$/);
  const image = await frame.evaluate(
    url =>
      new Promise(done => {
        const picture = new Image();
        picture.onload = () => done("reached");
        picture.onerror = () => done("blocked");
        picture.src = url;
      }),
    `http://localhost:${app.port}/assets/icon.svg`,
  );
  expect(image).toBe("blocked");
  expect(await frame.evaluate(() => String(window.open("about:blank")))).toBe("null");
});

test("a worker that a cell starts is no freer than its frame", async () => {
  const said = await kernelFrame().evaluate(
    port =>
      new Promise(done => {
        const code = `fetch("http://localhost:${port}/").then(() => postMessage("reached"), () => postMessage("blocked"))`;
        const worker = new Worker(URL.createObjectURL(new Blob([code])));
        worker.onmessage = event => done(event.data);
      }),
    app.port,
  );
  expect(said).toBe("blocked");
});

test("a frame within the frame does not bring back what was taken away", async () => {
  const said = await kernelFrame().evaluate(async () => {
    const heard: string[] = [];
    addEventListener("message", event => typeof event.data === "string" && heard.push(event.data));
    const code = 'parent.postMessage("ran, with " + typeof RTCPeerConnection, "*")';
    const script = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
    for (const markup of [
      `<script>${code}</script>`,
      `<script src="${script}"></script>`,
      `<script type="module" src="${script}"></script>`,
    ]) {
      const inner = document.createElement("iframe");
      inner.srcdoc = markup;
      document.body.append(inner);
      const page = document.createElement("iframe");
      page.src = URL.createObjectURL(new Blob([markup], { type: "text/html" }));
      document.body.append(page);
    }
    const blank = document.createElement("iframe");
    document.body.append(blank);
    try {
      heard.push(
        `reached ${typeof (blank.contentWindow as unknown as { RTCPeerConnection: unknown }).RTCPeerConnection}`,
      );
    } catch {
      // An opaque origin cannot look into a frame of its own either, which is what we want.
    }
    await new Promise(done => setTimeout(done, 1_000));
    return heard;
  });
  expect(said).toEqual([]);
});

test("the shell compiles no text and runs no inline script", async () => {
  // What a debugger evaluates is exempt from the policy, a task that it leaves behind is not.
  const said = await app.page.evaluate(
    () =>
      new Promise(done => {
        setTimeout(() => {
          try {
            done(String(new Function("return 1")()));
          } catch (error) {
            done((error as Error).name);
          }
        });
      }),
  );
  expect(said).toBe("EvalError");
  await app.page.evaluate(() => {
    const script = document.createElement("script");
    script.textContent = 'document.title = "owned"';
    document.body.append(script);
  });
  expect(await app.page.title()).toBe("Hostile · Tidemark");
});

test("Markdown and markup of cells are shown without scripts, handlers, forms, styles and frames", async () => {
  const prose = app.page.locator(".prose").first();
  await prose.getByRole("heading", { name: "Looks harmless" }).waitFor();
  expect(await prose.locator("script, style, form, button, [onerror], a[href^='javascript']").count()).toBe(0);
  await prose.getByText("click", { exact: true }).click();
  await prose.getByText("local", { exact: true }).click();
  const shown = app.page.locator(".shadow-output");
  await shown.getByText("markup").click();
  expect(
    await shown.evaluate(element => [...element.shadowRoot!.querySelectorAll("script, iframe, [onclick]")].length),
  ).toBe(0);
  expect(await app.page.title()).toBe("Hostile · Tidemark");
  expect(new URL(app.page.url()).pathname).toBe("/");
});

test("the page cannot save to a path, and another origin cannot ask at all", async () => {
  const answer = await app.page.evaluate(async () => {
    const response = await fetch("/host/save", {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(["/etc/passwd", "x", { force: true }]),
    });
    return `${response.status} ${await response.text()}`;
  });
  expect(answer).toContain("400");
  expect(answer).toContain("not opened here");
});

test("a used link opens nothing", async () => {
  const other = await app.browser.newContext();
  const page = await other.newPage();
  const response = await page.goto(app.address);
  expect(response?.status()).toBe(403);
  expect(await page.innerText("body")).toContain("used already");
  await other.close();
});

test("a notebook that the user did not name is a preview until she says run", async () => {
  const text = notebookWith("Stranger", [
    ["text/markdown", "# Words are shown"],
    [ts, "const ran = 6 * 7;"],
  ]);
  const stranger = await openApp({ text, named: false });
  try {
    const { page } = stranger;
    await page.getByRole("button", { name: "Stranger" }).click();
    await page.getByRole("heading", { name: "Words are shown" }).waitFor();
    await page.getByText("Not run yet: you have not said that you trust this notebook.").waitFor();
    expect(page.frames().filter(frame => frame.url().includes("//k-"))).toEqual([]);
    await page.getByRole("button", { name: "Run this notebook" }).click();
    await page.getByText("ran: 42").waitFor();
    // Said once for this content, it holds for it from now on, and for no other.
    await page.reload();
    await page.getByRole("button", { name: "Stranger" }).click();
    await page.getByText("ran: 42").waitFor();
    expect(readFileSync(stranger.notebook, "utf8")).toBe(text);
    expect(readFileSync(join(stranger.folder, "../home/trust.json"), "utf8")).toMatch(/"[0-9a-f]{64}"/);
  } finally {
    await stranger.close();
  }
});
