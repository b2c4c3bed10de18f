import { describe, expect, it } from 'vitest';
import { pieces } from './links';
import { isBigEmoji } from './text';

describe('the text of a stranger', () => {
  it('keeps every character, whatever it is', () => {
    for (const text of ['<img src=x onerror=alert(1)>', 'a\n\n b', 'مرحبا https://example.com/كعكة!', 'x@y.org, www.example.com.']) {
      expect(pieces(text).map((piece) => piece.text).join('')).toBe(text);
    }
  });

  it('shows the host where a link truly goes', () => {
    expect(pieces('see https://bank.example.evil.test/login')).toContainEqual({ kind: 'link', text: 'https://bank.example.evil.test/login', url: 'https://bank.example.evil.test/login', host: 'bank.example.evil.test' });
  });

  it('opens nothing but web and mail addresses, and none that hides its host behind a user name', () => {
    for (const text of ['javascript:alert(1)', 'file:///etc/passwd', 'https://bank.example@evil.test/', 'ftp://example.com']) {
      for (const piece of pieces(text)) if (piece.kind === 'link') expect(piece.url).toMatch(/^(?:https?:\/\/[^@]*$|mailto:)/);
    }
  });

  it('draws up to three emoji large', () => {
    expect(['😍', '😍🎂', '👍🏽', '👨‍👩‍👧', '❤️'].every(isBigEmoji)).toBe(true);
    expect(['1', 'ok 😍', '😍😍😍😍', '#'].some(isBigEmoji)).toBe(false);
  });
});
