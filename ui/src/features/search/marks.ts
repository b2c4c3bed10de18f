/** A snippet as pieces of text, those that were looked for marked. Text nodes only, whatever a stranger wrote. */
import type { SearchFilterPart, Snippet } from '../../ipc/host';

export interface Piece {
  text: string;
  mark: boolean;
}

export function pieces({ text, marks, cut_before, cut_after }: Snippet): Piece[] {
  const all: Piece[] = [];
  const add = (piece: string, mark: boolean) => {
    if (piece !== '') all.push({ text: piece, mark });
  };
  let at = 0;
  add(cut_before ? '…' : '', false);
  for (const [from, to] of marks) {
    add(text.slice(at, from), false);
    add(text.slice(from, to), true);
    at = to;
  }
  add(text.slice(at), false);
  add(cut_after ? '…' : '', false);
  return all;
}

/** The query without one of its filters. */
export function without(text: string, part: SearchFilterPart): string {
  return `${text.slice(0, part.start).trimEnd()} ${text.slice(part.end).trimStart()}`.trim();
}

/** The query with a filter at its beginning, so that the last word stays the last. */
export function withFilter(text: string, filter: string): string {
  return `${filter} ${text.trimStart()}`;
}
