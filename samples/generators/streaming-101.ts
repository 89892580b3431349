/**
 * The running example of Tyler Akidau's "Streaming 101" and "Streaming 102" (O'Reilly Radar, 5 August 2015 and 20 January
 * 2016; again in *Streaming Systems*, chapter 2): nine scores of one team, their event times and the times they were
 * seen. The articles give times of day only; the date is the first article's, in UTC.
 */
import { jsonLines } from "../random.ts";

const scores: readonly (readonly [value: number, eventTime: string, processingTime: string])[] = [
  [5, "12:00:26", "12:05:19"],
  [7, "12:02:26", "12:05:39"],
  [3, "12:03:39", "12:06:13"],
  [4, "12:04:19", "12:06:39"],
  [8, "12:03:06", "12:07:06"],
  [3, "12:06:39", "12:07:19"],
  [9, "12:01:26", "12:08:19"],
  [8, "12:07:26", "12:08:39"],
  [1, "12:07:46", "12:09:00"],
];

/** Writes `streaming-101.jsonl`. */
export function streaming101(): string {
  return jsonLines(
    scores.map(([value, eventTime, processingTime]) => ({
      key: "team",
      value,
      event_time: `2015-08-05T${eventTime}Z`,
      processing_time: `2015-08-05T${processingTime}Z`,
    })),
  );
}
