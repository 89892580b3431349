/** What a connector declares about itself: pure data, so that help, checks and exporters can read it without running anything. */

export interface OptionSpec {
  readonly name: string;
  /** How a value is written in a cell. */
  readonly value: string;
  /** What holds when the option is left out. */
  readonly default: string;
  /** One sentence. */
  readonly about: string;
}

export interface ConnectorSpec {
  readonly name: string;
  /** One sentence: what it reads. */
  readonly about: string;
  /** Endings of file names, without the dot. */
  readonly extensions: readonly string[];
  /** Whether rows are read while bytes still come; otherwise the whole file is collected first. */
  readonly streams: boolean;
  readonly options: readonly OptionSpec[];
}

/** The options that every format of files has. */
export const fileOptions: readonly OptionSpec[] = [
  {
    name: "types",
    value: '{amount: "number", note: "string"}',
    default: "inferred",
    about:
      "Types that are not to be inferred: number, string, boolean, timestamp, json; a value of another type makes its row an error.",
  },
  {
    name: "rename",
    value: '{ts: "time"}',
    default: "none",
    about: "New names by the names in the file; every other option uses the new ones.",
  },
  {
    name: "required",
    value: '["id", "amount"]',
    default: "the source's times",
    about: "Fields that every row must have; a row without one is an error.",
  },
  {
    name: "timeUnit",
    value: '"s" | "ms" | "us" | "ns"',
    default: "by size, where that is unambiguous",
    about: "The unit of epoch numbers in timestamp fields.",
  },
  {
    name: "timeZone",
    value: '"Europe/London"',
    default: "none: times without an offset are an error",
    about: "The IANA zone of times without an offset.",
  },
  {
    name: "ambiguous",
    value: '"compatible" | "earlier" | "later"',
    default: '"compatible"',
    about:
      "Which instant a wall-clock time means where the clock changes: compatible takes the first of an overlap, and moves a gap forward.",
  },
];

/** The option of formats that can be read a group of rows at a time. */
export const memoryOption: OptionSpec = {
  name: "memory",
  value: '"groups" | "whole"',
  default: '"groups" where the rows would take more than 512 MB',
  about: "Whether the rows are read a group at a time while they are replayed, or all at once before.",
};

/** The option of formats whose types are told from their first rows. */
export const inferOption: OptionSpec = {
  name: "inferRows",
  value: "1000",
  default: "1000",
  about: "How many rows decide a field's type; after them a value of another type makes its row an error.",
};
