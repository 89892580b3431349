/** The sample logs, by file name, and what writes each. */
import { bankPayments } from "./bank-payments.ts";
import { ledger, ledgerSnapshots } from "./ledger.ts";
import { nexmark } from "./nexmark.ts";
import { fraudFlags, orders, paymentsApi } from "./orders.ts";
import { rides } from "./rides.ts";
import { sensorsSilent } from "./sensors-silent.ts";
import { streaming101 } from "./streaming-101.ts";

export const samples: Readonly<Record<string, () => string>> = {
  "bank-payments.jsonl": bankPayments,
  "fraud-flags.jsonl": fraudFlags,
  "ledger-snapshots.csv": ledgerSnapshots,
  "ledger.jsonl": ledger,
  "nexmark-auction.jsonl": nexmark("auction"),
  "nexmark-bid.jsonl": nexmark("bid"),
  "nexmark-person.jsonl": nexmark("person"),
  "orders.csv": orders,
  "payments-api.jsonl": paymentsApi,
  "rides.jsonl": rides,
  "sensors-silent.jsonl": sensorsSilent,
  "streaming-101.jsonl": streaming101,
};
