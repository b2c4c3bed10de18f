/** The emoji of Unicode: their groups, their skin tones, and finding one by its English name. Loaded with the picker. */
import json from 'virtual:emoji';
import type { SkinTone } from '../../ipc/host';

export interface Emoji {
  readonly text: string;
  readonly name: string;
  readonly group: Group;
  readonly toned: boolean;
}

/** As Unicode numbers them; `component` has none of its own. */
const groups = ['smileys', 'people', 'component', 'animals', 'food', 'travel', 'activities', 'objects', 'symbols', 'flags'] as const;
export type Group = (typeof groups)[number];

export const tones: readonly SkinTone[] = ['unset', 'light', 'medium_light', 'medium', 'medium_dark', 'dark'];
/** U+1F3FB to U+1F3FF, in the order of `tones`. */
const FIRST_TONE = 0x1f3fb;

/** How many are remembered as used; the inbox keeps no more. */
const RECENT = 24;

type Row = [text: string, name: string, tags: string, group: number, toned: 0 | 1, version?: number];
interface Known extends Emoji {
  /** What a search looks through: words of the name, then tags. */
  readonly named: readonly string[];
  readonly tagged: readonly string[];
}

let known: readonly Known[] | undefined;

/** All that this computer can show, in Unicode's order. */
export function allEmoji(shows: (version: number) => boolean = fontShows): readonly Emoji[] {
  return (known ??= read(shows));
}

function read(shows: (version: number) => boolean): Known[] {
  const rows: Row[] = JSON.parse(json);
  return rows.flatMap(([text, name, tags, group, toned, version]) => {
    const key = groups[group];
    if (key === undefined || (version !== undefined && !shows(version))) return [];
    return [{ text, name, group: key, toned: toned === 1, named: words(name), tagged: words(tags) }];
  });
}

/** Words to compare: lower case, without accents. */
function words(text: string): string[] {
  return text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase().split(/[^\p{L}\p{N}#*]+/u).filter((word) => word !== '');
}

const NOWHERE = 100;
/** Where the word is: the whole name before a word of it, names before tags, beginnings before what is inside. */
function rankOf({ named, tagged }: Known, word: string): number {
  if (named.length === 1 && named[0] === word) return 0;
  const begins = (other: string) => other.startsWith(word);
  if (named.some(begins)) return named.includes(word) ? 1 : 2;
  if (tagged.some(begins)) return tagged.includes(word) ? 3 : 4;
  return word.length > 2 && named.some((other) => other.includes(word)) ? 5 : NOWHERE;
}

/** Those whose name or tags have each of the words, the best first. An emoji finds itself. */
export function findEmoji(query: string): readonly Emoji[] {
  const all = allEmoji() as readonly Known[];
  const plain = untoned(query.trim());
  const itself = all.filter((one) => untoned(one.text) === plain);
  if (itself.length > 0) return itself;
  const asked = words(query);
  if (asked.length === 0) return [];
  const found: { one: Known; rank: number }[] = [];
  for (const one of all) {
    let rank = 0;
    const fits = asked.every((word) => {
      const at = rankOf(one, word);
      rank += at;
      return at < NOWHERE;
    });
    if (fits) found.push({ one, rank });
  }
  return found.sort((a, b) => a.rank - b.rank).map(({ one }) => one);
}

/** With this skin tone. Unicode puts it behind each part that has skin; the handshake between two people stays as it is. */
export function withTone(emoji: Emoji, tone: SkinTone): string {
  const at = tones.indexOf(tone) - 1;
  if (!emoji.toned || at < 0) return emoji.text;
  const modifier = String.fromCodePoint(FIRST_TONE + at);
  const joined = (text: string, at: number) => text[at - 1] === '\u200D';
  return emoji.text
    .replace(/\p{Emoji_Modifier_Base}/gu, (part, at: number, text: string) => (part === '🤝' && joined(text, at) ? part : part + modifier))
    .replaceAll(`${modifier}\uFE0F`, modifier);
}

/** Without skin tones and presentation selectors: the same for all ways to write one emoji. */
function untoned(text: string): string {
  return text.replace(/[\u{1F3FB}-\u{1F3FF}\uFE0F]/gu, '');
}

/** Those that were used, as they were used; what is no emoji that can be shown is left out. */
export function recentEmoji(used: readonly string[]): { emoji: Emoji; text: string }[] {
  const all = new Map(allEmoji().map((emoji) => [untoned(emoji.text), emoji]));
  return used.flatMap((text) => {
    const emoji = all.get(untoned(text));
    return emoji ? [{ emoji, text }] : [];
  });
}

/** The list after this one was used: it comes first, whatever its tone, and is there once. */
export function afterUse(used: readonly string[], text: string): string[] {
  return [text, ...used.filter((other) => untoned(other) !== untoned(text))].slice(0, RECENT);
}

/** One of each version, in colour. */
const samples: Record<string, string> = { '15': '🩷', '15.1': '🙂‍↔️', '16': '🫟', '17': '🛘' };

/** Whether the system's font has the emoji of a version: as one picture, and in colour. */
function fontShows(version: number): boolean {
  const sample = samples[version];
  const context = Object.assign(document.createElement('canvas'), { width: 24, height: 24 }).getContext('2d', { willReadFrequently: true });
  if (sample === undefined || !context) return false;
  context.font = '16px sans-serif';
  context.textBaseline = 'top';
  if (context.measureText(sample).width > context.measureText('🙂').width * 1.5) return false;
  context.fillText(sample, 0, 2);
  const { data } = context.getImageData(0, 0, 24, 24);
  // The box that stands for a missing one is black.
  for (let i = 0; i < data.length; i += 4) if ((data[i + 3] ?? 0) > 0 && (data[i] !== data[i + 1] || data[i] !== data[i + 2])) return true;
  return false;
}
