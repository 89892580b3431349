/** Writes a figure with three digits that count. */
export function figure(value: number | null | undefined): string;
