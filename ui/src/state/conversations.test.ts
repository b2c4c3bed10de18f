import { describe, expect, it } from 'vitest';
import type { Conversation, ConversationPage, ConversationQuery } from '../ipc/host';
import { ConversationList } from './conversations.svelte';
import { at, conversation, host } from './test-support';

function list(rows: Conversation[], next: string | null = null, truth = new Map<number, Conversation>()) {
  const pages: ConversationQuery[] = [];
  const answer: ConversationPage = { rows, next: null };
  const fake = host({
    conversationsById: (ids) => Promise.resolve(ids.flatMap((id) => truth.get(id) ?? [])),
    conversations: (query): Promise<ConversationPage> => {
      pages.push(query as ConversationQuery);
      return Promise.resolve(answer);
    },
  });
  return { list: new ConversationList(fake, { rows, next }, () => 1_000), truth, pages, answer };
}
const ids = (of: ConversationList) => of.rows.map((row) => row.id);

describe('the conversation list', () => {
  it('moves a conversation up when its newest message is newer', async () => {
    const { list: it, truth } = list([at(3, 30), at(2, 20), at(1, 10)]);
    truth.set(1, at(1, 40));
    await it.reread([1]);
    expect(ids(it)).toEqual([1, 3, 2]);
  });

  it('keeps its order while the pointer is over it, shows new facts, and says that something waits', async () => {
    const { list: it, truth } = list([at(3, 30), at(2, 20), at(1, 10)]);
    truth.set(1, { ...at(1, 40), unread: 2 });
    it.hold(true);
    await it.reread([1]);
    expect(ids(it)).toEqual([3, 2, 1]);
    expect(it.rows[2]?.unread).toBe(2);
    expect(it.waiting).toBe(1);
    it.hold(false);
    expect(ids(it)).toEqual([1, 3, 2]);
    expect(it.waiting).toBe(null);
  });

  it('counts what wants to move up, not what has to make room for it', async () => {
    const { list: it, truth } = list([at(4, 40), at(3, 30), at(2, 20), at(1, 10)]);
    it.hold(true);
    for (const row of [at(1, 50), at(2, 60), at(9, 70), at(4, 80)]) truth.set(row.id, row);
    await it.reread([1]);
    expect(it.waiting).toBe(1);
    await it.reread([2, 9]);
    expect(it.waiting).toBe(3);
    await it.reread([4]);
    expect(ids(it)).toEqual([4, 3, 2, 1]);
    expect(it.waiting).toBe(3);
    it.arrange();
    expect(ids(it)).toEqual([4, 9, 2, 1, 3]);
  });

  it('keeps its order under the pointer also when all of it is read again', async () => {
    const { list: it, truth, answer } = list([at(3, 30), at(2, 20), at(1, 10)]);
    it.hold(true);
    answer.rows = [at(9, 90), at(1, 40), at(3, 30)];
    truth.set(2, { ...at(2, 20), state: { kind: 'done' } });
    await it.refresh();
    expect(ids(it)).toEqual([3, 2, 1]);
    expect(it.waiting).toBe(2);
    it.hold(false);
    expect(ids(it)).toEqual([9, 1, 3]);
  });

  it('reads again as much as was shown', async () => {
    const rows = Array.from({ length: 120 }, (_, i) => at(200 - i, 200 - i));
    const { list: it, answer } = list(rows);
    answer.rows = rows.slice(1);
    await it.refresh();
    expect(it.rows).toHaveLength(119);
  });

  it('shows the page that was scrolled to below the rows that are held, and what waits does not come with it', async () => {
    const { list: it, truth, answer } = list([at(9, 90), at(8, 80)], 'place');
    it.hold(true);
    truth.set(5, at(5, 95));
    await it.reread([5]);
    answer.rows = [at(7, 70), at(6, 60)];
    await it.loadMore();
    expect(ids(it)).toEqual([9, 8, 7, 6]);
    expect(it.waiting).toBe(1);
    it.hold(false);
    expect(ids(it)).toEqual([5, 9, 8, 7, 6]);
  });

  it('holds nothing back from an empty list', async () => {
    const { list: it, truth } = list([]);
    it.hold(true);
    truth.set(1, at(1, 10));
    await it.reread([1]);
    expect(ids(it)).toEqual([1]);
  });

  it('drops a row at once when the user puts it away, even under the pointer', async () => {
    const { list: it, truth } = list([at(2, 20), at(1, 10)]);
    truth.set(2, { ...at(2, 20), state: { kind: 'done' } });
    it.hold(true);
    await it.reread([2], true);
    expect(ids(it)).toEqual([1]);
  });

  it('keeps the selected row under a filter that it no longer meets, until another is selected', async () => {
    const unread = [{ ...at(2, 20), unread: 1 }, { ...at(1, 10), unread: 1 }];
    const { list: it, truth } = list(unread);
    await it.ask({ only: 'unread' });
    it.select(2);
    truth.set(2, at(2, 20));
    await it.reread([2]);
    expect(ids(it)).toEqual([2, 1]);
    it.select(1);
    expect(ids(it)).toEqual([1]);
  });

  it('does not show a row that belongs to a page that was not read', async () => {
    const { list: it, truth } = list([at(3, 30), at(2, 20)], 'place');
    truth.set(9, at(9, 5));
    await it.reread([9]);
    expect(ids(it)).toEqual([3, 2]);
    truth.set(9, at(9, 25));
    await it.reread([9]);
    expect(ids(it)).toEqual([3, 9, 2]);
  });

  it('forgets a conversation that is no longer there', async () => {
    const { list: it } = list([at(2, 20), at(1, 10)]);
    await it.reread([2]);
    expect(ids(it)).toEqual([1]);
  });

  it('sorts conversations without messages last', () => {
    const { list: it } = list([conversation(5, { last: null }), at(1, 10)]);
    expect(ids(it)).toEqual([1, 5]);
  });

  it('finds the next unread conversation from the selected one', () => {
    const { list: it } = list([at(4, 40), { ...at(3, 30), unread: 1 }, at(2, 20), { ...at(1, 10), unread: 3 }]);
    it.select(3);
    expect(it.neighbour(1, (row) => row.unread > 0)).toBe(1);
    expect(it.neighbour(-1)).toBe(4);
  });
});
