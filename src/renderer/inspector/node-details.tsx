/** One node of the graph in full: figures, state, and what each partition says about time. */
import { useEffect, useRef } from "preact/hooks";
import type { NodeFigures } from "../../protocol/session.ts";
import { timeParts, writeCount, writeDuration, writeInstant, writeRate, zoneName } from "../parts/time.ts";
import { graphClock } from "../state/session.ts";
import { zone } from "../state/ui.ts";

export function NodeDetails({ node }: { readonly node: NodeFigures }) {
  const now = graphClock.value;
  const card = useRef<HTMLElement>(null);
  // In a tall graph the card begins below the pane's edge.
  useEffect(() => card.current?.scrollIntoView({ block: "nearest" }), [node.id]);
  const lag = now === null || node.watermark === null ? null : now - node.watermark;
  const facts: [string, string][] = [
    ["rows", writeCount(node.rows)],
    ["rate", `${writeRate(node.rate)} rows/s`],
    ["watermark", writeInstant(node.watermark, zone.value)],
    ["behind the clock", writeDuration(lag)],
  ];
  if (node.late > 0) facts.push(["late", writeCount(node.late)]);
  if (node.dropped > 0) facts.push(["dropped", writeCount(node.dropped)]);
  if (node.errors > 0) facts.push(["bad lines", writeCount(node.errors)]);
  if (node.keys > 0) facts.push(["keys", writeCount(node.keys)]);
  if (node.windows > 0) facts.push(["open windows", writeCount(node.windows)]);
  if (node.entries > 0) facts.push(["entries of state", writeCount(node.entries)]);
  return (
    <section ref={card} class="details-card" aria-label={`Node ${node.label}`}>
      <h3 class="code">{node.names.length > 0 ? node.names.join(", ") : node.label}</h3>
      <p class="hint">{node.label}</p>
      <dl class="facts-list">
        {facts.map(([what, value]) => (
          <>
            <dt key={what}>{what}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      {node.partitions.length > 0 && <Partitions node={node} now={now} />}
    </section>
  );
}

function Partitions({ node, now }: { readonly node: NodeFigures; readonly now: number | null }) {
  const live = node.partitions.filter(each => !each.idle && each.watermark !== null);
  const earliest = live.reduce((least, each) => Math.min(least, each.watermark!), Infinity);
  const holders = live.length > 1 ? live.filter(each => each.watermark === earliest) : [];
  return (
    <>
      <table class="plain-table">
        <thead>
          <tr>
            <th>partition</th>
            <th class="right">rows</th>
            <th class="right">watermark, {zoneName(zone.value)}</th>
            <th class="right">silent for</th>
          </tr>
        </thead>
        <tbody>
          {node.partitions.map(each => (
            <tr key={each.name} class={holders.includes(each) ? "holder" : undefined}>
              <td>{each.name}</td>
              <td class="right">{writeCount(each.rows)}</td>
              <td class="right">{each.idle ? "idle" : shortInstant(each.watermark, now)}</td>
              <td class="right">
                {each.lastSeen === null ? "never" : now === null ? "–" : writeDuration(now - each.lastSeen)}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {holders.length === 1 && (
        <p class="hint" style={{ marginTop: "8px" }}>
          {holders[0].name} holds the watermark: the others are {writeDuration(secondOf(live, earliest) - earliest)} or
          more ahead of it.
        </p>
      )}
    </>
  );
}

/** The time of day alone where the date is that of the clock. */
function shortInstant(ms: number | null, now: number | null): string {
  if (ms === null) return "–";
  const { date, time } = timeParts(ms, zone.value);
  return now !== null && timeParts(now, zone.value).date === date ? time : `${date.slice(5)} ${time}`;
}

function secondOf(live: readonly NodeFigures["partitions"][number][], earliest: number): number {
  return live.reduce(
    (least, each) => (each.watermark! > earliest ? Math.min(least, each.watermark!) : least),
    Infinity,
  );
}
