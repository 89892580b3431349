/** The controls of `view(Inputs.…)`: drawn at once as they are moved, and told to the session at most once per frame. */
import { useSignal } from "@preact/signals";
import { useEffect, useId, useRef } from "preact/hooks";
import type { InputControl } from "../../protocol/session.ts";
import { writeDuration } from "../parts/time.ts";
import { sendInput } from "../state/session.ts";

interface Props {
  readonly cell: number;
  readonly index: number;
  readonly control: InputControl;
}

export function InputView({ cell, index, control }: Props) {
  const id = useId();
  const shown = useSignal<unknown>(control.value);
  const busy = useRef(false);
  const waiting = useRef<{ value: unknown } | null>(null);
  // While a hand is on the control, it shows what the hand does and not what the session last heard.
  useEffect(() => {
    if (!busy.current) shown.value = control.value;
  }, [control.value]);
  const set = (value: unknown): void => {
    shown.value = value;
    const first = waiting.current === null;
    waiting.current = { value };
    if (!first) return;
    requestAnimationFrame(() => {
      const last = waiting.current;
      waiting.current = null;
      if (last !== null) sendInput(cell, index, last.value);
    });
  };
  const hold = {
    onPointerDown: () => (busy.current = true),
    onPointerUp: () => (busy.current = false),
    onPointerCancel: () => (busy.current = false),
    onBlur: () => (busy.current = false),
  };
  return (
    <div class="control" data-input={control.kind}>
      <label for={id}>{control.label}</label>
      <Field id={id} control={control} value={shown.value} set={set} hold={hold} />
    </div>
  );
}

interface FieldProps {
  readonly id: string;
  readonly control: InputControl;
  readonly value: unknown;
  readonly hold: Readonly<Record<string, () => void>>;
  set(value: unknown): void;
}

function Field({ id, control, value, set, hold }: FieldProps) {
  switch (control.kind) {
    case "range":
      return (
        <>
          <Slider id={id} control={control} value={value as number} set={set} hold={hold} />
          <NumberField label={control.label} control={control} value={value as number} set={set} />
          {control.unit !== null && <span class="unit">{control.unit}</span>}
        </>
      );
    case "duration":
      return (
        <>
          <Slider id={id} control={control} value={value as number} set={set} hold={hold} />
          <output class="figure" for={id}>
            {writeDuration(value as number)}
          </output>
        </>
      );
    case "number":
      return <NumberField id={id} label={control.label} control={control} value={value as number} set={set} />;
    case "checkbox":
      return (
        <input id={id} type="checkbox" checked={value === true} onChange={event => set(event.currentTarget.checked)} />
      );
    case "select": {
      const at = control.options.findIndex(
        option => Object.is(option.value, value) || JSON.stringify(option.value) === JSON.stringify(value),
      );
      return (
        <select
          id={id}
          class="select"
          value={String(at)}
          onChange={event => set(control.options[Number(event.currentTarget.value)].value)}
        >
          {control.options.map((option, index) => (
            <option key={index} value={String(index)}>
              {option.label}
            </option>
          ))}
        </select>
      );
    }
    case "text":
      return (
        <input
          id={id}
          class="field"
          placeholder={control.placeholder}
          value={value as string}
          onInput={event => set(event.currentTarget.value)}
        />
      );
  }
}

interface Bounds {
  readonly min: number | null;
  readonly max: number | null;
  readonly step: number | null;
}

function Slider({
  id,
  control,
  value,
  set,
  hold,
}: Omit<FieldProps, "control" | "value"> & { control: Bounds & { label: string }; value: number }) {
  return (
    <input
      id={id}
      type="range"
      min={control.min ?? undefined}
      max={control.max ?? undefined}
      step={control.step ?? "any"}
      value={value}
      onInput={event => set(event.currentTarget.valueAsNumber)}
      {...hold}
    />
  );
}

function NumberField({
  id,
  label,
  control,
  value,
  set,
}: {
  id?: string;
  label: string;
  control: Bounds;
  value: number;
  set(value: unknown): void;
}) {
  return (
    <input
      id={id}
      aria-label={label}
      class="field number"
      type="number"
      min={control.min ?? undefined}
      max={control.max ?? undefined}
      step={control.step ?? "any"}
      value={value}
      onChange={event => {
        const typed = event.currentTarget.valueAsNumber;
        if (Number.isNaN(typed)) return;
        set(Math.min(Math.max(typed, control.min ?? -Infinity), control.max ?? Infinity));
      }}
    />
  );
}
