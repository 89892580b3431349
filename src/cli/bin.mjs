#!/usr/bin/env node
/** The `tidemark` command. Plain JavaScript, so that it starts on every Node from 20.19; the rest is built code. */
import { pathToFileURL } from "node:url";
import { built } from "./build-when-needed.mjs";

const [command, ...args] = process.argv.slice(2);
if (command === "serve") {
  const { serve } = await import(pathToFileURL(built("serve")).href);
  process.exitCode = await serve(args);
} else {
  const { main } = await import(pathToFileURL(built("cli")).href);
  process.exitCode = await main(process.argv.slice(2));
}
