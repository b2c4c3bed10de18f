import { describe, expect, it, vi } from 'vitest';
import { Draft } from './drafts.svelte';
import { conversation, host } from './test-support';

const fail = (thrown: unknown) => {
  throw thrown;
};

describe('a draft', () => {
  it('is saved once, a moment after the last keystroke', async () => {
    vi.useFakeTimers();
    const saved: string[] = [];
    const draft = new Draft(host({ saveDraft: (_, text) => (saved.push(text), Promise.resolve(null)) }), conversation(1), fail);
    draft.write('H');
    draft.write('He');
    await vi.runAllTimersAsync();
    expect(saved).toEqual(['He']);
    await draft.save();
    expect(saved).toEqual(['He']);
    vi.useRealTimers();
  });

  it('is read whole when the row carries only its beginning', async () => {
    const whole = 'x'.repeat(300);
    const draft = new Draft(host({ draft: () => Promise.resolve(whole) }), conversation(1, { draft: 'x'.repeat(200) }), fail);
    await vi.waitFor(() => expect(draft.text).toBe(whole));
  });

  it('comes back before what was typed since, when sending failed', () => {
    const draft = new Draft(host({ saveDraft: () => Promise.resolve(null) }), conversation(1), fail);
    draft.write('second');
    draft.restore('first');
    expect(draft.text).toBe('first\nsecond');
  });

  it('is saved again when saving failed', async () => {
    let tries = 0;
    const problems: unknown[] = [];
    const draft = new Draft(host({ saveDraft: () => (tries++ === 0 ? Promise.reject(new Error('full')) : Promise.resolve(null)) }), conversation(1), (thrown) => problems.push(thrown));
    draft.write('text');
    await draft.save();
    await draft.save();
    expect([tries, problems.length]).toEqual([2, 1]);
  });
});
