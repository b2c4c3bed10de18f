/**
 * The conversation list.
 *
 * Promises: rows are replaced by id and re-sorted as they change; the selected conversation stays in view until another
 * one is selected; while the pointer is over the rows their order holds still (`hold`), so that nothing that comes from
 * outside moves the row about to be clicked, and what waits is told by `waiting`. Only what the user does moves rows
 * then: putting one away, another filter.
 */
import { sentenceOf } from '../ipc/errors';
import type { Conversation, ConversationId, ConversationPage, ConversationQuery, Host, Place } from '../ipc/host';
import { compare, inbox, inScope, meetsOnly } from './order';

const PAGE = 50;
/** The most rows that one question answers. */
const MOST = 200;

export class ConversationList {
  query = $state.raw<ConversationQuery>(inbox);
  rows = $state.raw<Conversation[]>([]);
  selected = $state<ConversationId | null>(null);
  phase = $state<'loading' | 'ready' | 'failed'>('ready');
  /** The sentence of the last failure to read. */
  problem = $state('');
  /** How many rows want to move up or to come in and wait for the pointer to leave; `null`: the order is the true one. */
  waiting = $state<number | null>(null);

  #host: Host;
  #now: () => number;
  #known = new Map<ConversationId, Conversation>();
  #next = $state.raw<Place | null>(null);
  /** The last row that paging reached, as it was: what sorts after it is not known to be complete. */
  #horizon: Conversation | null = null;
  #held = false;
  #run = 0;

  constructor(host: Host, first: ConversationPage, now: () => number) {
    this.#host = host;
    this.#now = now;
    this.#take(first);
    this.#arrange(true);
  }

  get more(): boolean {
    return this.#next !== null;
  }

  row(id: ConversationId | null): Conversation | undefined {
    return id === null ? undefined : this.#known.get(id);
  }

  get selectedRow(): Conversation | undefined {
    // Reading `rows` makes this follow every change of a row.
    return this.rows.find((row) => row.id === this.selected) ?? this.row(this.selected);
  }

  /** Another filter or order: reads the first page. */
  async ask(change: Partial<ConversationQuery>): Promise<void> {
    this.query = { ...this.query, ...change };
    await this.reload();
  }

  async reload(): Promise<void> {
    const run = ++this.#run;
    this.phase = 'loading';
    try {
      const page = await this.#host.conversations(this.query, null, PAGE);
      if (run !== this.#run) return;
      this.#known.clear();
      this.#horizon = null;
      this.#take(page);
      this.#arrange(true);
      await this.#keepSelected();
      this.phase = 'ready';
    } catch (thrown) {
      if (run !== this.#run) return;
      this.problem = sentenceOf(thrown);
      this.phase = 'failed';
    }
  }

  /** Reads again as much as is held, because it is not known what changed: nothing that is shown is lost by it. */
  async refresh(): Promise<void> {
    const run = ++this.#run;
    const wanted = Math.max(PAGE, this.rows.length);
    const pages: ConversationPage[] = [];
    let read = 0;
    let next: Place | null = null;
    do {
      const page: ConversationPage = await this.#host.conversations(this.query, next, Math.min(MOST, wanted - read));
      if (run !== this.#run) return;
      pages.push(page);
      read += page.rows.length;
      next = page.rows.length > 0 ? page.next : null;
    } while (next !== null && read < wanted);
    const found = new Set(pages.flatMap((page) => page.rows.map((row) => row.id)));
    const others = [...this.rows.map((row) => row.id), this.selected].filter((id) => id !== null && !found.has(id));
    const kept: Conversation[] = [];
    for (let i = 0; i < others.length; i += MOST) {
      kept.push(...(await this.#host.conversationsById(others.slice(i, i + MOST).filter((id) => id !== null))));
    }
    if (run !== this.#run) return;
    this.#known = new Map(kept.map((row) => [row.id, row]));
    this.#horizon = null;
    for (const page of pages) this.#take(page);
    this.#arrange(false);
    this.phase = 'ready';
  }

  /** The next page, when the end of the list comes near. */
  async loadMore(): Promise<void> {
    if (this.#next === null || this.phase !== 'ready') return;
    const run = this.#run;
    this.phase = 'loading';
    try {
      const page = await this.#host.conversations(this.query, this.#next, PAGE);
      if (run !== this.#run) return;
      this.#take(page);
      this.#arrange(false, page.rows);
    } catch (thrown) {
      this.problem = sentenceOf(thrown);
    } finally {
      if (run === this.#run) this.phase = 'ready';
    }
  }

  /** Reads rows again that were said to have changed. `mine`: by an act of the user, which does not wait. */
  async reread(ids: ConversationId[], mine = false): Promise<void> {
    if (ids.length === 0) return;
    const run = this.#run;
    const rows = await this.#host.conversationsById(ids);
    if (run !== this.#run) return;
    const found = new Set(rows.map((row) => row.id));
    for (const id of ids) if (!found.has(id)) this.#known.delete(id);
    for (const row of rows) this.#known.set(row.id, row);
    this.#arrange(mine);
  }

  select(id: ConversationId | null): void {
    this.selected = id;
    this.#arrange(false);
  }

  /** The pointer came over the rows, or left them. */
  hold(held: boolean): void {
    this.#held = held;
    if (!held) this.arrange();
  }

  /** Shows the true order now. */
  arrange(): void {
    this.#arrange(true);
  }

  /** The conversation `step` rows away from the selected one; the first if none is selected. */
  neighbour(step: 1 | -1, accept: (row: Conversation) => boolean = () => true): ConversationId | null {
    const start = this.rows.findIndex((row) => row.id === this.selected);
    for (let i = start === -1 && step === -1 ? this.rows.length - 1 : start + step; i >= 0 && i < this.rows.length; i += step) {
      const row = this.rows[i];
      if (row && accept(row)) return row.id;
    }
    return null;
  }

  #take(page: ConversationPage): void {
    for (const row of page.rows) this.#known.set(row.id, row);
    this.#next = page.next;
    this.#horizon = page.next === null ? null : (page.rows.at(-1) ?? this.#horizon);
  }

  /** A conversation opened by a notification need not be on a page that was read. */
  async #keepSelected(): Promise<void> {
    if (this.selected !== null && !this.#known.has(this.selected)) await this.reread([this.selected]);
  }

  /** Puts the rows in order, unless they are held and it need not be `now`. `below`: a page that was scrolled to. */
  #arrange(now: boolean, below: Conversation[] = []): void {
    const sorted = this.#sorted();
    if (!this.#held || now || this.rows.length === 0) {
      this.waiting = null;
      this.rows = sorted;
      return;
    }
    const shown = new Map<ConversationId, Conversation>();
    for (const { id } of this.rows) {
      const row = this.#known.get(id);
      if (row) shown.set(id, row);
    }
    const wanted = new Set(sorted);
    for (const { id } of below) {
      const row = this.#known.get(id);
      if (row && wanted.has(row)) shown.set(id, row);
    }
    this.rows = [...shown.values()];
    this.waiting = movedUp(this.rows, sorted);
  }

  #sorted(): Conversation[] {
    const order = compare(this.query.sort);
    const now = this.#now();
    return [...this.#known.values()]
      .filter((row) => inScope(this.query, row) && (row.id === this.selected || meetsOnly(this.query, row, now)))
      .filter((row) => this.#horizon === null || order(row, this.#horizon) <= 0)
      .sort(order);
  }
}

/** How many rows of `sorted` stand above one that they stand below in `shown`, or are not there; `null`: the same order. */
function movedUp(shown: Conversation[], sorted: Conversation[]): number | null {
  if (shown.length === sorted.length && shown.every((row, i) => row.id === sorted[i]?.id)) return null;
  const places = new Map(shown.map((row, i) => [row.id, i]));
  let [highest, moved] = [Infinity, 0];
  for (const row of sorted.toReversed()) {
    const place = places.get(row.id) ?? Infinity;
    if (place > highest || place === Infinity) moved += 1;
    highest = Math.min(highest, place);
  }
  return moved;
}
