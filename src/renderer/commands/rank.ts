/** How well a command answers to a few letters. */

/** Ranks a command for some letters: those in order and close together first; null when they don't occur. */
export function rank(title: string, letters: string): number | null {
  if (letters === "") return 0;
  const words = title.toLowerCase();
  const direct = words.indexOf(letters);
  if (direct >= 0) return direct + (direct === 0 || words[direct - 1] === " " ? 0 : 20);
  let at = -1;
  let gaps = 0;
  for (const letter of letters) {
    const next = words.indexOf(letter, at + 1);
    if (next < 0) return null;
    gaps += next - at - 1;
    at = next;
  }
  return 100 + gaps;
}
