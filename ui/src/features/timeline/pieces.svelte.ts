/**
 * Texts as pieces. What finds links in them is a ninth of the first screen's code and comes right after it; until then
 * a text is text.
 */
import type { Piece } from './links';

let find = $state.raw<((text: string) => Piece[]) | null>(null);
void import('./links').then((links) => (find = links.pieces));

export function pieces(text: string): Piece[] {
  return find?.(text) ?? [{ kind: 'text', text }];
}
