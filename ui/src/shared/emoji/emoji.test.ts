import data from 'emojibase-data/en/data.json';
import { describe, expect, it } from 'vitest';
import { afterUse, allEmoji, findEmoji, recentEmoji, tones, withTone } from './emoji';

interface Source { emoji: string; skins?: { emoji: string; tone?: number | number[] }[] }
const source: Source[] = data;
const all = allEmoji(() => true);
const found = (query: string) => findEmoji(query).map((one) => one.text);
const bare = (text: string) => text.replaceAll('\uFE0F', '');
const one = (text: string) => all.find((emoji) => bare(emoji.text) === bare(text)) ?? expect.fail(text);

describe('emoji', () => {
  it('are those of Unicode, once each', () => {
    expect(all.length).toBeGreaterThan(1900);
    expect(new Set(all.map((emoji) => emoji.text)).size).toBe(all.length);
    expect(new Set(all.map((emoji) => emoji.group)).size).toBe(9);
  });

  it('take the skin tones that Unicode gives them', () => {
    let checked = 0;
    for (const { emoji, skins } of source) {
      for (const skin of skins ?? []) {
        const [tone, other = tone] = [skin.tone].flat();
        if (tone === undefined || tone !== other) continue;
        expect(withTone(one(emoji), tones[tone] ?? 'unset')).toBe(skin.emoji);
        checked += 1;
      }
    }
    expect(checked).toBeGreaterThan(1600);
    expect(withTone(one('👋'), 'unset')).toBe('👋');
    expect(withTone(one('🔥'), 'dark')).toBe('🔥');
  });

  it('are found by name and by tag, names first', () => {
    expect(found('wav').slice(0, 2)).toEqual(['👋', '🌊']);
    expect(found('cake')).toEqual(expect.arrayContaining(['🎂', '🍰', '🧁', '🥞']));
    expect(found('fire')[0]).toBe('🔥');
    expect(found('thumbs up')).toEqual(['👍']);
    expect(found('thank')).toContain('🙏');
    expect(found('  GRINNING  cat ')[0]).toBe('😺');
    expect(found('hello').indexOf('👋')).toBeGreaterThanOrEqual(0);
    expect(found('xyzzy')).toEqual([]);
    expect(found(' ')).toEqual([]);
  });

  it('find themselves, in any tone', () => {
    expect(found('👋🏽')).toEqual(['👋']);
    expect(found('❤')).toEqual(['❤️']);
  });

  it('are remembered as they were used, once each, the last first', () => {
    expect(afterUse(['🔥', '👋🏽'], '👋')).toEqual(['👋', '🔥']);
    expect(afterUse(Array.from({ length: 24 }, (_, i) => String.fromCodePoint(0x1f600 + i)), '🔥')).toHaveLength(24);
    expect(recentEmoji(['👋🏽', 'no emoji', '', '☝🏿']).map(({ text, emoji }) => [text, emoji.name])).toEqual([['👋🏽', 'waving hand'], ['☝🏿', 'index pointing up']]);
  });
});
