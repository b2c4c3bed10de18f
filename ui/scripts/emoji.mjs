// The emoji of Unicode for the picker, out of emojibase-data: what it searches by and nothing else, a fifth of the
// whole. Skin tones are not listed, the page derives them (src/shared/emoji/emoji.ts).
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const FILE = createRequire(import.meta.url).resolve('emojibase-data/en/data.json');
/** Hair and skin on their own. */
const COMPONENTS = 2;
/** Newer ones may be missing from the system's font, so their version is told. */
const COMMON = 14;

/** [emoji, name, tags, group, takes skin tones, version if new], in Unicode's order. */
export function emojiRows() {
  return JSON.parse(readFileSync(FILE, 'utf8'))
    .filter((one) => one.group !== undefined && one.group !== COMPONENTS)
    .sort((a, b) => a.order - b.order)
    // The selector is of no use behind what is a picture anyway, and no keyboard writes it.
    .map((one) => [one.emoji.replace(/(\p{Emoji_Presentation})\uFE0F/gu, '$1'), one.label, (one.tags ?? []).join(' '), one.group, one.skins ? 1 : 0, ...(one.version > COMMON ? [one.version] : [])]);
}

/** Vite: `virtual:emoji`, as text, since parsing JSON is cheaper than running an array of two thousand arrays. */
export function emojiData() {
  const ID = '\0virtual:emoji';
  return {
    name: 'emoji-data',
    resolveId: (id) => (id === 'virtual:emoji' ? ID : undefined),
    load: (id) => (id === ID ? `export default ${JSON.stringify(JSON.stringify(emojiRows()))}` : undefined),
  };
}
