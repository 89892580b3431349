/** The sample logs, by file name, and what writes each. */
import { bankPayments } from "./bank-payments.ts";
import { streaming101 } from "./streaming-101.ts";

export const samples: Readonly<Record<string, () => string>> = {
  "bank-payments.jsonl": bankPayments,
  "streaming-101.jsonl": streaming101,
};
