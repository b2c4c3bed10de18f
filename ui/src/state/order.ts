/**
 * Which conversations a query shows and in which order: what the store's SQL says, said again for single rows that
 * changed, so that one new message does not read the whole list again.
 */
import type { Conversation, ConversationQuery, Sort } from '../ipc/host';

export const HOUR = 3_600_000;
/** A window that closes within this time is worth a warning. */
export const CLOSING_MS = 4 * HOUR;

export const inbox: ConversationQuery = {
  platforms: [],
  business: null,
  account: null,
  state: 'open',
  only: null,
  sort: 'newest',
};

/** The end of an open window. */
export function windowEnd(row: Conversation): number | null {
  return row.window.kind === 'open' || row.window.kind === 'human_only' ? row.window.until : null;
}

export function closesSoon(row: Conversation, now: number): boolean {
  const end = windowEnd(row);
  return end !== null && end > now && end - now <= CLOSING_MS;
}

/** Everything but `only`. */
export function inScope(query: ConversationQuery, row: Conversation): boolean {
  return (
    (query.platforms.length === 0 || query.platforms.includes(row.platform)) &&
    (query.business === null || query.business === row.business) &&
    (query.account === null || query.account === row.account) &&
    (query.state === null || query.state === row.state.kind)
  );
}

export function meetsOnly(query: ConversationQuery, row: Conversation, now: number): boolean {
  switch (query.only) {
    case null:
      return true;
    case 'unread':
      return row.unread > 0;
    case 'unanswered':
      return row.unanswered;
    case 'closing_soon':
      return closesSoon(row, now);
  }
}

/** `Array.sort` order. Rows without the sorted value come last, in every order. */
export function compare(sort: Sort): (a: Conversation, b: Conversation) => number {
  switch (sort) {
    case 'newest':
      return by((row) => row.last?.at ?? null, -1);
    case 'oldest':
      return by((row) => row.last?.at ?? null, 1);
    case 'waiting_longest':
      return by((row) => row.waiting_since, 1);
    case 'closing_first':
      return by(windowEnd, 1);
  }
}

function by(value: (row: Conversation) => number | null, direction: 1 | -1) {
  return (a: Conversation, b: Conversation) => {
    const [x, y] = [value(a), value(b)];
    if (x !== y) {
      if (x === null) return 1;
      if (y === null) return -1;
      return (x - y) * direction;
    }
    return (a.id - b.id) * direction;
  };
}
