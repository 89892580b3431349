/**
 * The few rules of HTML that the notebook format rests on: entities, tags and their attributes, and how a cell's text is
 * put between `<script …>` and `</script>`. Reader and writer both build on this file, so that they cannot disagree.
 */
import type { Attribute } from "./document.ts";

const named: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'", nbsp: "\u00a0" };

/** Decodes numeric entities and the five of XML plus `&nbsp;`; any other stays as it is written. */
export function decodeEntities(text: string): string {
  return text.replace(
    /&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|(amp|lt|gt|quot|apos|nbsp));/g,
    (all, hex, dec, name) => {
      if (name !== undefined) return named[name];
      const code = hex === undefined ? Number(dec) : Number.parseInt(hex, 16);
      const legal =
        code > 0 && code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff) && !(code >= 0x80 && code <= 0x9f);
      return legal ? String.fromCodePoint(code) : all;
    },
  );
}

/** Encodes text between tags as browsers serialise it. */
export function encodeText(text: string): string {
  return encodeAmpersands(text).replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Encodes the value of an attribute, to stand between double quotes. */
export function encodeAttribute(text: string): string {
  return encodeAmpersands(text).replace(/"/g, "&quot;");
}

function encodeAmpersands(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/\u00a0/g, "&nbsp;");
}

/** One attribute of a tag with its place in the text: `start` is the white space before it, `end` is exclusive. */
export interface TagAttribute extends Attribute {
  readonly start: number;
  readonly end: number;
}

/** An opening tag that was found in a text; `end` is the index after its `>`. */
export interface Tag {
  readonly name: string;
  readonly attributes: readonly TagAttribute[];
  readonly end: number;
}

const tagName = /<([a-zA-Z][^\s/>]*)/y;
const attributePattern = /[\s/]*([^\s/>][^\s/>=]*)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>"'][^\s>]*)))?/y;
const tagEnd = /[\s/]*>/y;

/** Reads the opening tag that begins at `start`; `null` when there is none or it never ends. */
export function scanTag(text: string, start: number): Tag | null {
  tagName.lastIndex = start;
  const name = tagName.exec(text)?.[1].toLowerCase();
  if (name === undefined) return null;
  const attributes: TagAttribute[] = [];
  let at = tagName.lastIndex;
  for (;;) {
    tagEnd.lastIndex = at;
    if (tagEnd.test(text)) return { name, attributes, end: tagEnd.lastIndex };
    attributePattern.lastIndex = at;
    const found = attributePattern.exec(text);
    if (found === null) return null;
    // As in HTML, the first of two attributes with one name counts; the other stays in the text only.
    const attribute = found[1].toLowerCase();
    if (!attributes.some(each => each.name === attribute)) {
      const value = decodeEntities(found[2] ?? found[3] ?? found[4] ?? "");
      attributes.push({ name: attribute, value, start: at, end: attributePattern.lastIndex });
    }
    at = attributePattern.lastIndex;
  }
}

/** Writes an opening tag in the one way this project writes it. */
export function writeTag(name: string, attributes: readonly Attribute[]): string {
  return `<${name}${attributes.map(writeAttribute).join("")}>`;
}

function writeAttribute({ name, value }: Attribute): string {
  return ` ${name}="${encodeAttribute(value)}"`;
}

/** Changes one attribute in the text of an opening tag and leaves every other byte; `undefined` removes it. */
export function patchTag(open: string, name: string, value: string | undefined): string {
  const tag = scanTag(open, 0);
  if (tag === null) return open;
  const old = tag.attributes.find(attribute => attribute.name === name);
  if (old?.value === value) return open;
  const written = value === undefined ? "" : writeAttribute({ name, value });
  if (old !== undefined) return open.slice(0, old.start) + written + open.slice(old.end);
  const end = open.slice(0, -1).search(/[\s/]*$/);
  return open.slice(0, end) + written + open.slice(end);
}

// A cell that speaks of `</script>` would end itself, so a backslash is put in; what already has backslashes gets one
// more, which makes the way back exact. HTML ends a script at white space, `/` or `>` after the name.
const closes = /<(?=\\*\/script(?:[\s/>]|$))/gi;
const escaped = /<\\(?=\\*\/script(?:[\s/>]|$))/gi;

/** Puts a cell's source into the form in which it stands between its tags: escaped, indented by four. */
export function encodeBody(source: string): string {
  const lines = source.replace(closes, "<\\").split("\n");
  return `\n${lines.map(line => (line === "" ? "" : `    ${line}`)).join("\n")}\n  `;
}

/** Takes a cell's source out of the text between its tags; the inverse of `encodeBody`, tolerant of other indentation. */
export function decodeBody(body: string): string {
  const lines = body.replace(escaped, "<").split("\n");
  if (/^\s*$/.test(lines[lines.length - 1])) lines.pop();
  if (lines.length > 0 && /^\s*$/.test(lines[0])) lines.shift();
  return lines.map(line => line.replace(/^ {4}/, "")).join("\n");
}

/** Ends every line with LF alone. */
export function normalizeLines(text: string): string {
  return text.includes("\r") ? text.replace(/\r\n?/g, "\n") : text;
}

/** Something between texts: an opening tag (`tag` set), with its text if it is one that holds raw text, or a closing tag. */
export interface Element {
  readonly name: string;
  readonly start: number;
  /** After the opening tag or, for raw text, after the closing tag; for a closing tag after its `>`. */
  readonly end: number;
  /** `null` for a closing tag. */
  readonly tag: Tag | null;
  /** For `script`, `title`, `style` and `textarea`: where the closing tag starts; -1 for all others. */
  readonly contentEnd: number;
}

/** Thrown by `scanElements` when something is opened and never ends. */
export class Unterminated extends Error {
  readonly what: string;
  readonly offset: number;
  constructor(what: string, offset: number) {
    super(`${what} is opened and never closed`);
    this.what = what;
    this.offset = offset;
  }
}

const rawText = /^(?:script|title|style|textarea)$/;
const comment = /<!--(?:-?>|[\s\S]*?--!?>)/y;

/**
 * Finds the tags of a text in order, passing over comments and the inside of elements that hold raw text. Unlike a
 * browser it ends a script at the first `</script>` whatever comes before, even `<!-- <script>`: that rule of HTML makes
 * a cell that mentions those words swallow the cells after it.
 */
export function* scanElements(text: string, from: number): Generator<Element, void> {
  let at = from;
  for (;;) {
    const start = text.indexOf("<", at);
    if (start < 0) return;
    at = start + 1;
    if (text.startsWith("<!--", start)) {
      comment.lastIndex = start;
      if (!comment.test(text)) throw new Unterminated("a comment", start);
      at = comment.lastIndex;
    } else if (/[a-zA-Z]/.test(text.charAt(start + 1))) {
      const tag = scanTag(text, start);
      if (tag === null) throw new Unterminated("a tag", start);
      at = tag.end;
      let contentEnd = -1;
      if (rawText.test(tag.name)) {
        const close = new RegExp(`</${tag.name}(?:[\\s/][^>]*)?>`, "gi");
        close.lastIndex = tag.end;
        const found = close.exec(text);
        if (found === null) throw new Unterminated(`<${tag.name}>`, start);
        contentEnd = found.index;
        at = close.lastIndex;
      }
      yield { name: tag.name, start, end: at, tag, contentEnd };
    } else if (/^\/[a-zA-Z]/.test(text.slice(start + 1, start + 3))) {
      const end = text.indexOf(">", start) + 1;
      if (end === 0) throw new Unterminated("a closing tag", start);
      const name = /^[^\s/>]*/.exec(text.slice(start + 2, end))?.[0].toLowerCase() ?? "";
      at = end;
      yield { name, start, end, tag: null, contentEnd: -1 };
    }
  }
}
