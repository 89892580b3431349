/** Writes recordings of live sources for the hosts: on the disk, each file whole or not at all. */
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { RecordingWriter } from "../browser/live-feed.ts";
import { describeLive, type RecordingFolder, sealLive } from "../session/live-recording.ts";

export const recordings: RecordingWriter = {
  describe: (folder, facts) => describeLive(folderOf(folder), facts),
  seal: (folder, facts) => sealLive(folderOf(folder), facts),
};

function folderOf(folder: string): RecordingFolder {
  return {
    read: name => readFile(join(folder, name)),
    async write(name, bytes) {
      const path = join(folder, name);
      await writeFile(`${path}.part`, bytes);
      await rename(`${path}.part`, path);
    },
  };
}
