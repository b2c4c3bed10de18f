import { describe, expect, it } from 'vitest';
import type { ReplyWindow } from '../ipc/host';
import { closesSoon } from '../state/order';
import { conversation } from '../state/test-support';
import { windowSentence } from './words';

const now = new Date(2026, 10, 22, 14, 2).getTime();
const HOUR = 3_600_000;
const says = (window: ReplyWindow) => windowSentence(window, 'Ines', 'instagram', now);

describe('the reply window, in one sentence', () => {
  it('is one of five, and honest where nobody knows', () => {
    expect(says({ kind: 'open', until: now + 3 * HOUR + 12 * 60_000 })).toBe('Replies allowed for 3 h 12 min');
    expect(says({ kind: 'human_only', until: now + 50 * HOUR })).toMatch(/^Past 24 h: only a personal answer, until .+/);
    expect(says({ kind: 'uncertain' })).toBe('Instagram may refuse this; nothing is lost if so.');
    expect(says({ kind: 'closed', since: now - HOUR, refused: false })).toMatch(/^Replies closed .+, 7 days after Ines last wrote\./);
    expect(says({ kind: 'closed', since: now - HOUR, refused: true })).toMatch(/^Instagram refused a message .+: the reply window is closed\. .+ when Ines writes\.$/);
    expect(says({ kind: 'none' })).toBeNull();
  });

  it('promises nothing once its end has passed on screen', () => {
    for (const kind of ['open', 'human_only'] as const) {
      expect(says({ kind, until: now })).toBe('Instagram may refuse this; nothing is lost if so.');
    }
  });

  it('closes soon four hours before whichever end comes next', () => {
    const row = (window: ReplyWindow) => ({ ...conversation(1), window });
    for (const kind of ['open', 'human_only'] as const) {
      expect(closesSoon(row({ kind, until: now + 4 * HOUR }), now)).toBe(true);
      expect(closesSoon(row({ kind, until: now + 4 * HOUR + 1 }), now)).toBe(false);
      expect(closesSoon(row({ kind, until: now }), now)).toBe(false);
    }
    expect(closesSoon(row({ kind: 'uncertain' }), now)).toBe(false);
  });
});
