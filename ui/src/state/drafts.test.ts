import { describe, expect, it, vi } from 'vitest';
import { Draft } from './drafts.svelte';
import { conversation, host, message } from './test-support';

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
    const draft = new Draft(host({ draft: () => Promise.resolve(whole), draftQuote: () => Promise.resolve(null) }), conversation(1, { draft: 'x'.repeat(200) }), fail);
    await vi.waitFor(() => expect(draft.text).toBe(whole));
  });

  it('comes back before what was typed since, when sending failed', () => {
    const draft = new Draft(host({ saveDraft: () => Promise.resolve(null) }), conversation(1), fail);
    draft.write('second');
    draft.restore('first');
    expect(draft.text).toBe('first\nsecond');
  });

  it('keeps what it quotes, and asks for it where the row has a draft', async () => {
    const kept: (number | null)[] = [];
    const quoted = message(7);
    const answers = { draftQuote: () => Promise.resolve(quoted), saveDraftQuote: (_: number, id: number | null) => (kept.push(id), Promise.resolve(null)), saveDraft: () => Promise.resolve(null) };
    const draft = new Draft(host(answers), conversation(1, { draft: '' }), fail);
    await vi.waitFor(() => expect(draft.reply).toBe(quoted));
    const taken = draft.taken();
    draft.restore('', taken);
    expect([draft.reply, kept]).toEqual([quoted, [null, 7]]);
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
