import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteDictionary, HASH_SEED, hashByte } from "../../src/columns/byte-dictionary.ts";
import { Dictionary } from "../../src/columns/dictionary.ts";

const anyString = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.constantFrom("", "a", "\ud800", "\udc00x", "é", "😀"),
);

test("hands out the codes that the plain dictionary hands out, for any strings", () => {
  fc.assert(
    fc.property(fc.array(anyString, { maxLength: 200 }), values => {
      const plain = new Dictionary();
      const bytes = new ByteDictionary();
      for (const value of values) expect(bytes.code(value)).toBe(plain.code(value));
      expect(bytes.size).toBe(plain.size);
      expect(bytes.values).toEqual(plain.values);
      for (const value of values) expect(bytes.find(value)).toBe(plain.find(value));
      expect(bytes.find("never seen")).toBe(plain.find("never seen"));
    }),
  );
});

test("finds the same entry by bytes and by string, and grows", () => {
  const dictionary = new ByteDictionary();
  const encoder = new TextEncoder();
  for (let i = 0; i < 5000; i++) {
    const bytes = encoder.encode(`key ${i} ü`);
    const hash = bytes.reduce(hashByte, HASH_SEED);
    expect(dictionary.codeOfBytes(bytes, 0, bytes.length, hash)).toBe(i);
    expect(dictionary.codeOfBytes(bytes, 0, bytes.length, hash)).toBe(i);
  }
  expect(dictionary.find("key 4999 ü")).toBe(4999);
  expect(dictionary.value(77)).toBe("key 77 ü");
  expect(dictionary.value(5000)).toBeUndefined();
});
