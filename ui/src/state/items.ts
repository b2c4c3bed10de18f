/**
 * Messages and gaps as the rows of a thread: one row per message, carrying what is drawn above it. Separators are no
 * rows of their own, so that older messages prepend by count and nothing jumps.
 */
import type { Gap, Message, MessageId } from '../ipc/host';

/** Messages of one sender within this time form a group. */
export const GROUP_MS = 5 * 60_000;

export interface Item {
  message: Message;
  /** The first message of its local day. */
  day: boolean;
  /** The first unread message of this visit. */
  divider: boolean;
  /** Gaps that end here. */
  gaps: Gap[];
  /** Gaps after the newest message. */
  gapsAfter: Gap[];
  /** First and last of a group. */
  first: boolean;
  last: boolean;
}

export interface Drawn {
  messages: readonly Message[];
  gaps: readonly Gap[];
  divider: MessageId | null;
  /** The page holds the oldest message, the newest message. */
  whole: { start: boolean; end: boolean };
}

export function items({ messages, gaps, divider, whole }: Drawn): Item[] {
  const rows = messages.map((message): Item => ({
    message,
    day: false,
    divider: message.id === divider,
    gaps: [],
    gapsAfter: [],
    first: true,
    last: true,
  }));
  for (const gap of gaps) place(rows, gap, whole);
  rows.forEach((row, i) => {
    const above = rows[i - 1];
    row.day = !above || !sameDay(above.message.at, row.message.at);
    if (above && !row.day && !row.divider && row.gaps.length === 0 && sameGroup(above.message, row.message)) {
      above.last = false;
      row.first = false;
    }
  });
  return rows;
}

function place(rows: Item[], gap: Gap, whole: Drawn['whole']): void {
  const first = rows[0];
  const last = rows.at(-1);
  if (!first || !last) return;
  const { from, to } = gap;
  if (from === null) {
    if (whole.start) first.gaps.push(gap);
    return;
  }
  const below = to === null ? undefined : rows.find((row) => row.message.at >= to);
  if (!below) {
    if (whole.end) last.gapsAfter.push(gap);
  } else if (below !== first || whole.start) {
    // Above the oldest loaded row there may be others: it is drawn when these are known.
    below.gaps.push(gap);
  }
}

export function sameDay(a: number, b: number): boolean {
  const [x, y] = [new Date(a), new Date(b)];
  return x.getDate() === y.getDate() && x.getMonth() === y.getMonth() && x.getFullYear() === y.getFullYear();
}

function sameGroup(a: Message, b: Message): boolean {
  return (
    a.direction === b.direction &&
    a.origin === b.origin &&
    a.kind !== 'unsent' &&
    b.kind !== 'unsent' &&
    b.at - a.at < GROUP_MS
  );
}
