/** Writes a file so that a crash leaves either the old content or the new one, never a part. */
import { randomBytes } from "node:crypto";
import { open, rename, stat, unlink } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/**
 * Writes `text` as UTF-8 to a temporary file in the same folder, flushes it, renames it over `path` and flushes the folder.
 * The file's permissions are kept. Throws what the file system says; the old file is then untouched.
 */
export async function writeAtomically(path: string, text: string): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  const mode = await stat(path).then(
    found => found.mode & 0o777,
    () => 0o644,
  );
  try {
    const file = await open(temporary, "wx", mode);
    try {
      await file.writeFile(text, "utf8");
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  }
  await syncFolder(folder);
}

/** The rename itself is only safe once the folder is on the disk; Windows can't open a folder, and needs no flush. */
async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
