/**
 * The pictures and videos of a conversation, from the newest to the oldest, and the one that is shown.
 *
 * Promises: what was asked for is there at once; its neighbours come when the pages that hold them were read; two
 * readings never run at a time.
 */
import type { ConversationId, Host, MediaItem, Place } from '../../ipc/host';
import type { Shown } from '../../state/app.svelte';

/** What one question brings; the largest that is allowed, for a picture of long ago is found from the newest on. */
const PAGE = 200;
/** Older ones are read when this many are left. */
const AHEAD = 5;

export class Gallery {
  /** Newest first. */
  items = $state.raw<Shown[]>([]);
  index = $state(0);
  reading = $state(false);
  /** The oldest is among them. */
  whole = $state(false);

  readonly hasOlder: boolean = $derived(this.index < this.items.length - 1 || !this.whole);
  readonly hasNewer: boolean = $derived(this.index > 0);

  #host: Host;
  #conversation: ConversationId;
  #first: Shown;
  #before: Place | null = null;
  #closed = false;

  constructor(host: Host, conversation: ConversationId, first: Shown) {
    this.#host = host;
    this.#conversation = conversation;
    this.#first = first;
    this.items = [first];
  }

  get shown(): Shown {
    return this.items[this.index] ?? this.#first;
  }

  /** Reads until what is shown has its place among the others. */
  async start(): Promise<void> {
    const found: Shown[] = [];
    await this.#pages((page) => {
      found.push(...page.filter(isShown));
      const index = found.findIndex((item) => item.attachment.id === this.#first.attachment.id);
      if (index < 0) return true;
      this.items = found;
      this.index = index;
      return false;
    });
  }

  async older(): Promise<void> {
    if (this.index < this.items.length - 1) this.index += 1;
    else if (!this.whole) {
      await this.#more();
      if (this.index < this.items.length - 1) this.index += 1;
    }
    if (this.items.length - this.index <= AHEAD) void this.#more();
  }

  newer(): void {
    this.index = Math.max(0, this.index - 1);
  }

  newest(): void {
    this.index = 0;
  }

  async oldest(): Promise<void> {
    await this.#pages((page) => {
      this.#add(page);
      return true;
    });
    this.index = this.items.length - 1;
  }

  close(): void {
    this.#closed = true;
  }

  /** What it became of a file since: fetched, or gone. */
  async reread(): Promise<void> {
    const shown = this.shown;
    const [message] = await this.#host.messagesById([shown.message]);
    const attachment = message?.attachments.find((one) => one.id === shown.attachment.id);
    if (attachment) this.items = this.items.map((item) => (item.attachment.id === attachment.id ? { ...item, attachment } : item));
  }

  async #more(): Promise<void> {
    await this.#pages((page) => {
      this.#add(page);
      return !page.some(isShown);
    });
  }

  #add(page: MediaItem[]): void {
    this.items = [...this.items, ...page.filter(isShown)];
  }

  /** One page after the other, for as long as `goOn` says. */
  async #pages(goOn: (page: MediaItem[]) => boolean): Promise<void> {
    if (this.reading) return;
    this.reading = true;
    try {
      for (let on = true; on && !this.whole && !this.#closed; ) {
        const page = await this.#host.mediaOf(this.#conversation, this.#before, PAGE);
        this.#before = page.at(-1)?.place ?? this.#before;
        this.whole = page.length < PAGE;
        on = goOn(page);
      }
    } finally {
      this.reading = false;
    }
  }
}

function isShown(item: MediaItem): boolean {
  return item.attachment.kind === 'image' || item.attachment.kind === 'video';
}
