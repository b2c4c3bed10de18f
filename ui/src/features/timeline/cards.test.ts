import { describe, expect, it } from 'vitest';
import type { Attachment } from '../../ipc/host';
import * as m from '../../paraglide/messages';
import { cardOf, missing } from './cards';

const HOUR = 3_600_000;
const attachment = (change: Partial<Attachment>): Attachment => ({
  id: 1, kind: 'share', type_name: null, url: null, name: null, detail: null, mime: null, size: null, file: { kind: 'link' }, width: null, height: null, blur: null, ...change,
});

describe('a card', () => {
  it('has the link of a story while the story lives', () => {
    const story = attachment({ kind: 'story_mention', url: 'https://cdn.example.org/s/1' });
    expect(cardOf(story, 0, 23 * HOUR).link?.label).toBe(m.open_story());
    expect(cardOf(story, 0, 24 * HOUR)).toMatchObject({ link: null, without: m.story_gone() });
    expect(cardOf(attachment({ kind: 'story_reply' }), 0, 1)).toMatchObject({ link: null, without: m.story_gone() });
  });

  it('opens nothing but a plain web address', () => {
    for (const url of ['javascript:alert(1)', 'file:///etc/passwd', 'https://bank.example@evil.test/', 'nonsense']) expect(cardOf(attachment({ url }), 0, 0).link).toBeNull();
    expect(cardOf(attachment({ url: 'https://example.org/a' }), 0, 0).link?.host).toBe('example.org');
  });

  it('says that a photo could be viewed once, and never links it', () => {
    expect(cardOf(attachment({ kind: 'unknown', type_name: 'ephemeral', url: 'https://example.org/a' }), 0, 0)).toMatchObject({ kind: m.seen_once(), link: null, without: null });
  });

  it('names a kind that nobody knows with the word of the provider', () => {
    expect(cardOf(attachment({ kind: 'unknown', type_name: 'hologram_v2' }), 0, 0)).toMatchObject({ kind: 'Hologram v2', without: m.no_link() });
  });
});

describe('what has no copy', () => {
  it('can be fetched where that can help, and nowhere else', () => {
    const action = (file: Attachment['file']) => missing(file, 9_000_000)?.action ?? null;
    expect(action({ kind: 'evicted' })).toBe(m.fetch_again());
    expect(action({ kind: 'failed', reason: 'too_large' })).toBe(m.fetch());
    expect(action({ kind: 'failed', reason: 'unreadable' })).toBe(m.try_again());
    expect([action({ kind: 'failed', reason: 'gone' }), action({ kind: 'failed', reason: 'refused' }), action({ kind: 'waiting' })]).toEqual([null, null, null]);
    expect(missing({ kind: 'link' }, null)).toBeNull();
  });
});
