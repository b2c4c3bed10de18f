/**
 * Canned replies: finding one by what is typed after `/`, and filling in who it goes to.
 *
 * Promises: what a person is called is put in once, as it is, and never read for variables. What has no value stays as it
 * was written, as a blank that the composer does not send.
 */
import type { CannedReply } from '../ipc/host';

/** The variables that have values. Part of what users write, so the same in every language. */
export const variables = ['first name', 'name', 'business', 'account'] as const;
export type Variable = (typeof variables)[number];
/** `null`: the platform told none. */
export type Values = Record<Variable, string | null>;

const BRACED = /\{\{([^{}\n]{0,60})\}\}/g;

/** A text in pieces: what is said, and what is still to be filled in. */
export interface Piece {
  readonly text: string;
  readonly blank: boolean;
}

/** The value of what stands between the braces. */
function valueOf(braced: string, values: Values): string | null {
  const name = braced.trim().replace(/\s+/g, ' ').toLowerCase();
  const variable = variables.find((one) => one === name);
  return variable === undefined ? null : values[variable];
}

/** The text as it was written: each variable is a blank. */
export function asWritten(text: string): Piece[] {
  return fill(text, { 'first name': null, name: null, business: null, account: null });
}

/** The text with its values, once through, in pieces. */
export function fill(text: string, values: Values): Piece[] {
  const pieces: Piece[] = [];
  let said = '';
  let from = 0;
  for (const found of text.matchAll(BRACED)) {
    const value = valueOf(found[1] ?? '', values);
    said += text.slice(from, found.index);
    from = found.index + found[0].length;
    if (value !== null) said += value;
    else {
      if (said !== '') pieces.push({ text: said, blank: false });
      pieces.push({ text: found[0], blank: true });
      said = '';
    }
  }
  said += text.slice(from);
  if (said !== '') pieces.push({ text: said, blank: false });
  return pieces;
}

/** The whole of it, and where its first blank is. */
export function filled(text: string, values: Values): { text: string; blank: [number, number] | undefined } {
  const pieces = fill(text, values);
  const at = pieces.findIndex((piece) => piece.blank);
  const start = pieces.slice(0, at).reduce((sum, piece) => sum + piece.text.length, 0);
  return { text: pieces.map((piece) => piece.text).join(''), blank: at < 0 ? undefined : [start, start + (pieces[at]?.text.length ?? 0)] };
}

/** *Ines* of *Ines Duarte*: the first word of it with a letter, since people put flowers before their names. */
export function firstName(name: string): string | null {
  return name.split(/\s+/u).find((word) => /\p{L}/u.test(word)) ?? null;
}

/** How long what is typed after `/` may be. */
const QUERY = 40;

/** What is searched for: the text from `/` at the very beginning up to the caret. `null`: nothing. */
export function slashQuery(text: string, caret: number): string | null {
  const query = text.slice(1, caret);
  return text.startsWith('/') && caret > 0 && query.length <= QUERY && !/\n|^\s/.test(query) ? query : null;
}

const plain = (text: string) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();

/** Those that fit, the best first: by their word, by the beginning of their title, by a word in it, by their text. */
export function findReplies(replies: readonly CannedReply[], query: string): CannedReply[] {
  const asked = plain(query.trim());
  if (asked === '') return [...replies];
  const rank = ({ word, title, text }: CannedReply) => {
    const [shortcut, name] = [plain(word ?? ''), plain(title)];
    if (shortcut === asked) return 0;
    if (shortcut.startsWith(asked)) return 1;
    if (name.startsWith(asked)) return 2;
    if (name.includes(` ${asked}`)) return 3;
    return asked.length > 2 && plain(text).includes(asked) ? 4 : 5;
  };
  const ranked = replies.map((reply) => ({ reply, rank: rank(reply) })).filter((one) => one.rank < 5);
  return ranked.sort((a, b) => a.rank - b.rank).map(({ reply }) => reply);
}
