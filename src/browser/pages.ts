/**
 * Which built file answers which address, and under which policy: the shell's page with everything it needs, and a kernel's
 * page with only what that page loads. Used by the local server and by the desktop's `app://` scheme.
 */
import { existsSync, readFileSync } from "node:fs";
import { dirname, extname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface PageFile {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".woff2": "font/woff2",
  ".wasm": "application/wasm",
};

/** What holds for every answer. */
const always = {
  "X-Content-Type-Options": "nosniff",
  "Referrer-Policy": "no-referrer",
};

/** What no other site's page may do with the shell: embed its files, or keep a hold on its window. */
const shellOnly = { "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin" };

/** A kernel's frame stands in a page of another origin. */
const kernelOnly = { "Cross-Origin-Resource-Policy": "cross-origin", "X-DNS-Prefetch-Control": "off" };

/** The shell runs no code but its own files: no eval, no inline script, and frames of kernels only. */
export function shellPolicy(kernelSources: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    `frame-src ${kernelSources}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "object-src 'none'",
  ].join("; ");
}

/** A kernel may compile the notebook's code and start a worker from it, and may reach nothing else. */
export const kernelPolicy = [
  "sandbox allow-scripts",
  "default-src 'none'",
  "script-src 'self' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
  "worker-src blob:",
  "connect-src 'none'",
  "img-src data: blob:",
  "style-src 'unsafe-inline'",
  "form-action 'none'",
  "base-uri 'none'",
].join("; ");

interface ManifestChunk {
  readonly file: string;
  readonly css?: readonly string[];
  readonly assets?: readonly string[];
  readonly imports?: readonly string[];
  readonly dynamicImports?: readonly string[];
}

/** The files that vite built for the renderer. */
export class Pages {
  readonly #folder: string;
  readonly #shell: ReadonlySet<string>;
  readonly #kernel: ReadonlySet<string>;
  readonly #shellPolicy: string;

  /** `kernelSources`: the origins of kernels as a source list of a content security policy. */
  constructor(folder: string, kernelSources: string) {
    this.#folder = folder;
    const manifest = JSON.parse(readFileSync(join(folder, ".vite/manifest.json"), "utf8")) as Record<
      string,
      ManifestChunk
    >;
    this.#shell = filesOf(manifest, "index.html");
    this.#kernel = filesOf(manifest, "kernel/kernel.html");
    this.#shellPolicy = shellPolicy(kernelSources);
  }

  /** Finds what the app's own origin serves at a path; null when there is nothing. */
  shell(path: string): PageFile | null {
    if (path === "/" || path === "/index.html") {
      return this.#file("index.html", {
        "Content-Security-Policy": this.#shellPolicy,
        "Cache-Control": "no-store",
        ...shellOnly,
      });
    }
    return this.#asset(this.#shell, path, shellOnly);
  }

  /** Finds what a kernel's origin serves at a path; null when there is nothing. */
  kernel(path: string): PageFile | null {
    if (path === "/") {
      return this.#file("kernel/kernel.html", {
        "Content-Security-Policy": kernelPolicy,
        "Cache-Control": "no-store",
        ...kernelOnly,
      });
    }
    // The frame's origin is opaque, so even its own scripts are foreign to it.
    return this.#asset(this.#kernel, path, { "Access-Control-Allow-Origin": "*", ...kernelOnly });
  }

  #asset(allowed: ReadonlySet<string>, path: string, headers: Readonly<Record<string, string>>): PageFile | null {
    const name = path.slice(1);
    return allowed.has(name)
      ? this.#file(name, { "Cache-Control": "public, max-age=31536000, immutable", ...headers })
      : null;
  }

  #file(name: string, headers: Readonly<Record<string, string>>): PageFile {
    const type = types[extname(name)] ?? "application/octet-stream";
    return { path: join(this.#folder, name), headers: { "Content-Type": type, ...always, ...headers } };
  }
}

/** Everything a page loads, by the manifest that the build wrote: its own files and those of what it imports. */
function filesOf(manifest: Readonly<Record<string, ManifestChunk>>, entry: string): ReadonlySet<string> {
  const files = new Set<string>();
  const seen = new Set<string>();
  const visit = (key: string): void => {
    const chunk = manifest[key];
    if (chunk === undefined || seen.has(key)) return;
    seen.add(key);
    for (const file of [chunk.file, ...(chunk.css ?? []), ...(chunk.assets ?? [])]) files.add(file);
    for (const next of [...(chunk.imports ?? []), ...(chunk.dynamicImports ?? [])]) visit(next);
  };
  visit(entry);
  return files;
}

/** Finds the folder of the built pages from wherever the bundler put this code. Throws when nothing was built. */
export function builtPages(): string {
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    for (const candidate of [join(folder, "renderer"), join(folder, "out", "renderer")]) {
      if (existsSync(join(candidate, ".vite", "manifest.json"))) return candidate;
    }
    if (dirname(folder) === folder) throw new Error("the app's pages are not built; run npm run build");
  }
}
