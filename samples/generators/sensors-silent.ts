/**
 * Ten minutes of readings from four partitions, of which one falls silent: its last reading is of 12:01:40, the next of
 * 12:06:00. Until then the window that ends at 12:02 cannot be complete.
 */
import { isoUtc, jsonLines, Random } from "../random.ts";

const SECOND = 1000;
const START = Date.UTC(2026, 6, 1, 12);
const SILENT_AFTER = START + 100 * SECOND;
const BACK_AT = START + 360 * SECOND;

/** Writes `sensors-silent.jsonl`, in order of arrival. */
export function sensorsSilent(): string {
  const random = new Random(1072026);
  const rows: { sensor: string; partition: number; time: number; received: number; celsius: number }[] = [];
  for (let partition = 0; partition < 4; partition++) {
    let celsius = 18 + partition;
    for (let time = START; time < START + 600 * SECOND; time += 4 * SECOND) {
      celsius += random.between(-0.2, 0.2);
      const received = time + random.integer(300, 3_000);
      if (partition === 3 && time > SILENT_AFTER && time < BACK_AT) continue;
      rows.push({ sensor: `s${partition}`, partition, time, received, celsius: Math.round(celsius * 10) / 10 });
    }
  }
  rows.sort((a, b) => a.received - b.received || a.partition - b.partition);
  return jsonLines(
    rows.map(r => ({
      sensor: r.sensor,
      partition: r.partition,
      time: isoUtc(r.time),
      received_at: isoUtc(r.received),
      celsius: r.celsius,
    })),
  );
}
