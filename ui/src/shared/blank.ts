/**
 * Blanks: what stands in double braces and must be filled in before it is sent. In the first screen, since Send asks.
 */
const BLANK = /\{\{[^{}\n]{0,60}\}\}/;

/** Where the first one is. */
export function firstBlank(text: string): [start: number, end: number] | null {
  const found = BLANK.exec(text);
  return found && [found.index, found.index + found[0].length];
}
