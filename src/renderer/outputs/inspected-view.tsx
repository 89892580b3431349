/** A value as a tree that opens on demand. */
import { useRef } from "preact/hooks";
import type { Inspected } from "../../protocol/session.ts";

export function InspectedView({ name, value }: { readonly name: string | null; readonly value: Inspected }) {
  // Decided once: a live value that grows must not close what somebody has opened.
  const open = useRef((value.entries?.length ?? 0) <= 8);
  return (
    <div class="inspected">
      <Tree label={name} value={value} open={open.current} />
    </div>
  );
}

function Tree({
  label,
  value,
  open,
}: {
  readonly label: string | null;
  readonly value: Inspected;
  readonly open: boolean;
}) {
  const head = (
    <>
      {label !== null && <span class="key">{label}: </span>}
      <span data-kind={value.kind}>{value.text}</span>
    </>
  );
  if (value.entries === undefined || value.entries.length === 0) return <div>{head}</div>;
  return (
    <details open={open}>
      <summary>{head}</summary>
      <div>
        {value.entries.map((entry, index) => (
          <Tree key={index} label={entry.key} value={entry.value} open={false} />
        ))}
      </div>
    </details>
  );
}
