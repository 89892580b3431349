/**
 * What a verb is: the part of a node that every layer asks for. A primitive verb is one file here and one operator
 * file of the same name in the engine; a derived verb is a function that builds primitive nodes.
 */
import type { Schema } from "../columns/column.ts";
import type { Node } from "./node.ts";

/** An output of a node: `main`, or a side output such as `late`. */
export type Port = string;

export const MAIN: Port = "main";

/** Answers what other layers ask of the nodes of one verb. */
export interface Verb<N> {
  /** The nodes it reads, in order. */
  inputs(node: N): readonly Node[];
  /** The same node over other inputs. */
  withInputs(node: N, inputs: readonly Node[]): N;
  /** Outputs besides `main`. */
  ports(node: N): readonly Port[];
  /** The columns of an output, given those of the inputs. Throws where a column is missing or of the wrong type. */
  schema(node: N, inputs: readonly Schema[], port: Port): Schema;
  /** One line for graphs and lists, such as `filter amount > 100`. */
  describe(node: N): string;
}
