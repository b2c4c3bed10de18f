import { describe, expect, it } from 'vitest';
import { Refused, type Message, type ThreadPage } from '../ipc/host';
import { message, host } from './test-support';
import { Timeline } from './timeline.svelte';

const page = (messages: Message[], change: Partial<ThreadPage> = {}): ThreadPage => ({ messages, gaps: [], before: null, after: null, first_unread: null, ...change });
const ids = (of: Timeline) => of.messages.map((m) => m.id);

async function open(first: ThreadPage, answers: Parameters<typeof host>[0] = {}): Promise<Timeline> {
  const pages = [first];
  const timeline = new Timeline(host({ thread: () => Promise.resolve(pages.shift() ?? page([])), gaps: () => Promise.resolve([]), ...answers }), 1);
  await timeline.open({ kind: 'first_unread' });
  return timeline;
}

describe('a thread', () => {
  it('opens at the first unread message and keeps its divider when that is read', async () => {
    const it = await open(page([message(1), message(2), message(3)], { first_unread: 2 }));
    expect(it.jump).toEqual({ to: 2, align: 'start' });
    expect(it.items.map((item) => item.divider)).toEqual([false, true, false]);
  });

  it('puts older messages in front with shift set for that update only', async () => {
    const pages = [page([message(3), message(4)], { before: 'b' }), page([message(1), message(2)])];
    const timeline = new Timeline(host({ thread: () => Promise.resolve(pages.shift() ?? page([])) }), 1);
    await timeline.open({ kind: 'newest' });
    const reading = timeline.older();
    await reading;
    expect(ids(timeline)).toEqual([1, 2, 3, 4]);
    expect(timeline.shift).toBe(false);
    expect(timeline.hasOlder).toBe(false);
  });

  it('shows a sent text at once and turns it into the committed row under the same key', async () => {
    let commit: (m: Message) => void = () => undefined;
    const it = await open(page([message(1)]), { send: () => new Promise((resolve) => (commit = (m) => resolve([m]))) });
    const sending = it.send({ text: 'Hello' }, 2_000);
    const echo = it.messages[1];
    expect(echo?.text).toBe('Hello');
    const key = it.key(echo?.id ?? 0);
    commit(message(7, { direction: 'out', text: 'Hello', send: { state: 'queued', reason: null, since: 2_000, next_at: null, waiting_behind: 0, upload: null, parts: null } }));
    await sending;
    expect(ids(it)).toEqual([1, 7]);
    expect(it.key(7)).toBe(key);
  });

  it('never shows a sent text twice when the change comes before the answer', async () => {
    const committed = message(7, { direction: 'out', text: 'Hello', send: { state: 'sending', reason: null, since: 2_000, next_at: null, waiting_behind: 0, upload: null, parts: null } });
    let commit: (m: Message) => void = () => undefined;
    const it = await open(page([message(1)]), { send: () => new Promise((resolve) => (commit = (m) => resolve([m]))), messagesById: () => Promise.resolve([committed]) });
    const sending = it.send({ text: 'Hello' }, 2_000);
    await it.changed([7], true);
    expect(ids(it)).toEqual([1, 7]);
    commit(committed);
    await sending;
    expect(ids(it)).toEqual([1, 7]);
  });

  it('takes the echo back when the text could not be queued', async () => {
    const refused = new Refused({ code: 'disk_full', retry_at: null, detail: '' });
    const it = await open(page([message(1)]), { send: () => Promise.reject(refused) });
    await expect(it.send({ text: 'Hello' }, 2_000)).rejects.toBe(refused);
    expect(ids(it)).toEqual([1]);
  });

  it('counts what arrives below while the end is out of view, and adds nothing it cannot place', async () => {
    const it = await open(page([message(4), message(5)], { before: 'b' }), { messagesById: (ids) => Promise.resolve(ids.map((id) => message(id))) });
    it.atEnd = false;
    await it.changed([6], true);
    expect(ids(it)).toEqual([4, 5, 6]);
    expect(it.fresh).toBe(1);
    await it.changed([2], true);
    expect(ids(it)).toEqual([4, 5, 6]);
  });

  it('counts what left in all parts of an answer', async () => {
    const part = (id: number, of: number, sent: number, state: 'failed' | 'accepted') =>
      message(id, { direction: 'out', send: { state, reason: null, since: 0, next_at: null, waiting_behind: 0, upload: null, parts: { intent: 5, part: of, sent, all: 3 } } });
    const it = await open(page([part(1, 1, 0, 'failed'), part(2, 2, 0, 'accepted')]), { messagesById: () => Promise.resolve([part(2, 2, 1, 'accepted')]) });
    await it.changed([2], false);
    expect(it.messages.map((m) => m.send?.parts?.sent)).toEqual([1, 1]);
  });

  it('hides what the user discarded', async () => {
    const discarded = message(2, { direction: 'out', send: { state: 'failed', reason: { kind: 'discarded' }, since: 0, next_at: null, waiting_behind: 0, upload: null, parts: null } });
    const it = await open(page([message(1), discarded]));
    expect(ids(it)).toEqual([1]);
  });

  it('drops a message that is no longer there', async () => {
    const it = await open(page([message(1), message(2)]), { messagesById: () => Promise.resolve([]) });
    await it.changed([2], false);
    expect(ids(it)).toEqual([1]);
  });

  it('draws a gap that shrank meanwhile once', async () => {
    const gap = { conversation: 1, from: 1_500, to: 2_500, count: null, reason: 'no_overlap' as const, next_try: null };
    const shrunk = { ...gap, from: 1_700, count: 2 };
    const pages = [page([message(3), message(4)], { before: 'b', gaps: [gap] }), page([message(1), message(2)], { gaps: [shrunk] })];
    const timeline = new Timeline(host({ thread: () => Promise.resolve(pages.shift() ?? page([])) }), 1);
    await timeline.open({ kind: 'newest' });
    await timeline.older();
    expect(timeline.gaps).toEqual([shrunk]);
    expect(timeline.items.flatMap((item) => item.gaps)).toEqual([shrunk]);
  });
});
