/**
 * One search as it is typed: hits of whole words at once, then those inside of words.
 *
 * Promises: what is shown belongs to what was asked last; a keystroke ends the search before it, in the engine too;
 * earlier hits stay until the next are there, so nothing flickers; the second phase begins when the typing rests and the
 * first phase has no more, and goes on in steps until there is a screen of hits, the user stops it, or all was looked at.
 */
import { asUserError } from '../../ipc/host';
import type { Conversation, ConversationId, Host, Place, SearchHit, SearchQuery, SearchSort, SearchUnderstood, UserError } from '../../ipc/host';

const PAGE = 30;
/** Hits inside of words after which the second phase waits until they were scrolled through. */
const SCREEN = 50;
/** How long the typing rests before every text is looked at. */
const REST = 300;

/** The second phase: not begun, running, waiting for the end of the list, stopped by the user, or done. */
export type Inside = 'none' | 'running' | 'waiting' | 'stopped' | 'done';

const nothing: SearchUnderstood = { words: [], filters: [], inside: false };

export class Search {
  text = $state('');
  sort = $state<SearchSort>('newest');
  hits = $state.raw<SearchHit[]>([]);
  /** Hits inside of words. */
  inner = $state.raw<SearchHit[]>([]);
  conversations = $state.raw<ReadonlyMap<ConversationId, Conversation>>(new Map());
  understood = $state.raw<SearchUnderstood>(nothing);
  /** What the hits belong to; `null`: nothing was asked yet. */
  asked = $state.raw<string | null>(null);
  busy = $state(false);
  error = $state.raw<UserError | null>(null);
  inside = $state<Inside>('none');
  lookedAt = $state(0);

  readonly #host: Host;
  readonly #conversation: ConversationId | null;
  readonly #rest: number;
  #turn = 0;
  #next: Place | null = null;
  #innerNext: Place | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(host: Host, conversation: ConversationId | null, rest = REST) {
    this.#host = host;
    this.#conversation = conversation;
    this.#rest = rest;
  }

  /** There are more hits of whole words than were read. */
  get more(): boolean {
    return this.#next !== null;
  }

  get empty(): boolean {
    return this.hits.length + this.inner.length === 0;
  }

  /** Asks anew, for what stands in `text` and `sort`. */
  async ask(): Promise<void> {
    const turn = this.#begin();
    if (this.text.trim() === '') {
      this.#clear();
      void this.#host.stopSearch().catch(() => undefined);
      return;
    }
    await this.#run(turn, async () => {
      const page = await this.#host.search(this.#query(), null, PAGE);
      if (turn !== this.#turn) return;
      this.asked = this.text;
      this.understood = page.understood;
      this.hits = page.hits;
      this.inner = [];
      this.conversations = new Map(page.conversations.map((row) => [row.id, row]));
      this.#next = page.next;
      this.#innerNext = null;
      this.lookedAt = 0;
      this.inside = 'none';
      await this.#fill(turn, PAGE);
      if (turn === this.#turn && this.#next === null) this.#lookInside(turn, this.#rest);
    });
  }

  /** The user came to the end of the list. */
  async further(): Promise<void> {
    if (this.busy || this.asked === null) return;
    const turn = this.#turn;
    if (this.#next !== null) {
      await this.#run(turn, async () => {
        await this.#fill(turn, this.hits.length + PAGE);
        if (turn === this.#turn && this.#next === null) this.#lookInside(turn, 0);
      });
    } else if (this.inside === 'waiting') this.#lookInside(turn, 0);
  }

  /** Ends the second phase; what it found stays. */
  stop(): void {
    if (this.inside !== 'running') return;
    this.#turn += 1;
    this.inside = 'stopped';
    clearTimeout(this.#timer);
    void this.#host.stopSearch().catch(() => undefined);
  }

  /** Goes on after a stop. */
  resume(): void {
    if (this.inside === 'stopped') this.#lookInside(this.#turn, 0);
  }

  close(): void {
    this.#begin();
    void this.#host.stopSearch().catch(() => undefined);
  }

  #begin(): number {
    clearTimeout(this.#timer);
    this.#turn += 1;
    return this.#turn;
  }

  #clear(): void {
    [this.hits, this.inner, this.understood, this.asked, this.error] = [[], [], nothing, null, null];
    [this.busy, this.inside, this.lookedAt, this.#next, this.#innerNext] = [false, 'none', 0, null, null];
  }

  #query(): SearchQuery {
    return { text: this.text, conversation: this.#conversation, sort: this.sort };
  }

  async #run(turn: number, work: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.error = null;
    try {
      await work();
    } catch (thrown) {
      if (turn === this.#turn) this.error = asUserError(thrown);
    } finally {
      if (turn === this.#turn) this.busy = false;
    }
  }

  /** Reads pages until there are so many hits: where a filter lets few through, a page may be short. */
  async #fill(turn: number, wanted: number): Promise<void> {
    while (turn === this.#turn && this.#next !== null && this.hits.length < wanted) {
      const page = await this.#host.search(this.#query(), this.#next, PAGE);
      if (turn !== this.#turn) return;
      this.hits = [...this.hits, ...page.hits];
      this.#know(page.conversations);
      this.#next = page.next;
    }
  }

  #know(rows: Conversation[]): void {
    if (rows.length > 0) this.conversations = new Map([...this.conversations, ...rows.map((row) => [row.id, row] as const)]);
  }

  #lookInside(turn: number, after: number): void {
    if (!this.understood.inside) {
      this.inside = 'done';
      return;
    }
    this.inside = 'running';
    this.#timer = setTimeout(() => void this.#inside(turn), after);
  }

  async #inside(turn: number): Promise<void> {
    const enough = this.inner.length + SCREEN;
    try {
      while (turn === this.#turn) {
        const found = await this.#host.searchInside(this.#query(), this.#innerNext, PAGE);
        if (turn !== this.#turn) return;
        if (found.hits.length > 0) this.inner = [...this.inner, ...found.hits];
        this.#know(found.conversations);
        this.lookedAt += found.looked_at;
        this.#innerNext = found.next;
        if (found.next === null) this.inside = 'done';
        else if (this.inner.length >= enough) this.inside = 'waiting';
        if (this.inside !== 'running') return;
      }
    } catch (thrown) {
      if (turn !== this.#turn) return;
      this.inside = 'stopped';
      this.error = asUserError(thrown);
    }
  }
}
