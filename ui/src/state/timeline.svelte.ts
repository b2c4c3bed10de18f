/**
 * One open thread: the stretch of its messages that is loaded, and what happens to it.
 *
 * Promises: messages are replaced by id and never mutated; older ones are added in front with `shift` set for exactly
 * that update; a text that was just sent is there at once (an *echo* with a negative id) and becomes the committed row
 * without being drawn anew.
 */
import { tick } from 'svelte';
import { sentenceOf } from '../ipc/errors';
import type {
  AttachmentId,
  ContactPage,
  Conversation,
  ConversationId,
  Gap,
  Host,
  Message,
  MessageId,
  Place,
  Quote,
  SendRequest,
  ThreadPage,
  ThreadPosition,
} from '../ipc/host';
import { type Item, items } from './items';
import type { Sound } from './sound.svelte';

const PAGE = 50;
const MOST = 200;

/** Where the view shall go next: to a message, or to the newest. */
export type Jump = { to: MessageId; align: 'start' | 'center' } | { to: 'newest' };

/** CSS pixels. */
export interface Room {
  width: number;
  height: number;
}

export class Timeline {
  readonly conversation: ConversationId;
  messages = $state.raw<Message[]>([]);
  gaps = $state.raw<Gap[]>([]);
  phase = $state<'loading' | 'ready' | 'failed'>('loading');
  problem = $state('');
  /** True during the one update that adds older messages in front. */
  shift = $state(false);
  /** The first unread message of this visit; once set it stays. */
  divider = $state<MessageId | null>(null);
  /** Messages that came while the end was not in view. */
  fresh = $state(0);
  jump = $state.raw<Jump | null>(null);
  /** The message that a notification asked for. */
  spot = $state<MessageId | null>(null);
  /** Who it is with and what is held; read when somebody asks for it, and kept up to date from then on. */
  contact = $state.raw<ContactPage | null>(null);
  /** Counts up whenever messages were added or changed. */
  changes = $state(0);
  /** The room that pictures were given in this visit: one that learns its size later moves nothing. */
  readonly rooms = new Map<AttachmentId, Room>();
  /** The voice message that played last, if its player is still there. */
  sound = $state.raw<Sound | null>(null);
  /** The end of the thread is in view: told by the component. */
  atEnd = false;

  readonly items: Item[] = $derived.by(() =>
    items({
      messages: this.messages,
      gaps: this.gaps,
      divider: this.divider,
      whole: { start: this.#before === null, end: this.#after === null },
    }),
  );

  #host: Host;
  #before = $state.raw<Place | null>(null);
  #after = $state.raw<Place | null>(null);
  #busy = false;
  #closed = false;
  /** What a row is keyed by, where it is not its id: an echo keeps its place on screen when it is committed. */
  #keys = new Map<MessageId, number>();
  #echoes = 0;
  #asked = false;

  constructor(host: Host, conversation: ConversationId) {
    this.#host = host;
    this.conversation = conversation;
  }

  get newest(): Message | undefined {
    return this.messages.at(-1);
  }

  key(id: MessageId): number {
    return this.#keys.get(id) ?? id;
  }

  async open(position: ThreadPosition): Promise<void> {
    this.phase = 'loading';
    try {
      const page = await this.#host.thread(this.conversation, position, PAGE);
      if (this.#closed) return;
      this.#replace(page);
      if (position.kind === 'first_unread') this.divider = page.first_unread;
      const target = position.kind === 'around' ? position.message : position.kind === 'first_unread' ? page.first_unread : null;
      this.fresh = 0;
      this.spot = position.kind === 'around' ? position.message : null;
      this.phase = 'ready';
      this.jump = target === null ? { to: 'newest' } : { to: target, align: position.kind === 'around' ? 'center' : 'start' };
    } catch (thrown) {
      this.problem = sentenceOf(thrown);
      this.phase = 'failed';
    }
  }

  close(): void {
    this.#closed = true;
  }

  /** It is played: it stays when its row goes. One at a time does. */
  keep(sound: Sound): void {
    if (this.sound === sound) return;
    if (this.sound?.held) this.sound.end();
    this.sound = sound;
  }

  /** Nothing plays it, and its row is gone. */
  release(sound: Sound): void {
    sound.end();
    if (this.sound === sound) this.sound = null;
  }

  silence(): void {
    if (this.sound) this.release(this.sound);
  }

  get hasOlder(): boolean {
    return this.#before !== null;
  }

  async older(): Promise<void> {
    const place = this.#before;
    if (place === null) return;
    await this.#page({ kind: 'before', place }, (page) => {
      this.shift = true;
      this.messages = [...page.messages.filter(shown), ...this.messages];
      this.#before = page.before;
    });
    await tick();
    this.shift = false;
  }

  async newer(): Promise<void> {
    const place = this.#after;
    if (place === null) return;
    await this.#page({ kind: 'after', place }, (page) => {
      this.messages = [...this.messages, ...page.messages.filter(shown)];
      this.#after = page.after;
    });
  }

  /** To the end, which need not be loaded. */
  async toNewest(): Promise<void> {
    this.fresh = 0;
    if (this.#after === null) this.jump = { to: 'newest' };
    else await this.open({ kind: 'newest' });
  }

  async toMessage(message: MessageId): Promise<void> {
    if (this.messages.some((m) => m.id === message)) {
      this.spot = message;
      this.jump = { to: message, align: 'center' };
    } else await this.open({ kind: 'around', message });
  }

  /** Messages were added or changed. No ids: too many to name. */
  async changed(ids: MessageId[], added: boolean): Promise<void> {
    if (this.phase !== 'ready') return;
    if (ids.length === 0) return this.refresh();
    const [found, gaps] = await Promise.all([
      this.#host.messagesById(ids),
      added ? this.#host.gaps(this.conversation) : Promise.resolve(this.gaps),
    ]);
    if (this.#closed) return;
    this.#touched();
    const gone = new Set(ids);
    for (const message of found) gone.delete(message.id);
    if (gone.size > 0) this.messages = this.messages.filter((m) => !gone.has(m.id));
    this.#merge(found.filter((m) => m.conversation === this.conversation));
    this.gaps = gaps;
  }

  /** Reads the gaps again: what passes may have been tried. */
  async rereadGaps(): Promise<void> {
    if (this.phase !== 'ready') return;
    try {
      const gaps = await this.#host.gaps(this.conversation);
      if (!this.#closed) this.gaps = gaps;
    } catch (thrown) {
      this.problem = sentenceOf(thrown);
    }
  }

  /** Reads who it is with, unless that was asked for before. */
  async needContact(): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    await this.readContact();
  }

  async readContact(): Promise<void> {
    try {
      const page = await this.#host.contactPage(this.conversation);
      if (!this.#closed) this.contact = page;
    } catch (thrown) {
      this.problem = sentenceOf(thrown);
    }
  }

  #touched(): void {
    this.changes += 1;
    if (this.contact !== null) void this.readContact();
  }

  /** Reads what is loaded again. */
  async refresh(): Promise<void> {
    this.#touched();
    const anchor = this.messages.findLast((m) => m.id > 0);
    const position: ThreadPosition =
      this.#after === null || !anchor ? { kind: 'newest' } : { kind: 'around', message: anchor.id };
    await this.#page(position, (page) => {
      const first = page.messages[0];
      const kept = first ? this.messages.filter((m) => inOrder(m, first) < 0) : [];
      this.messages = [...kept, ...page.messages.filter(shown), ...this.messages.filter((m) => m.id < 0)];
      if (kept.length === 0) this.#before = page.before;
      this.#after = page.after;
    });
  }

  /**
   * Sends, and shows a text as sent before that is committed. Files are shown when they are: their pictures are the
   * inbox's. Rejects when it could not even be queued; the echo is gone then.
   */
  async send(request: SendRequest, now: number, quoted: Quote | null = null): Promise<Message[]> {
    const id = -++this.#echoes;
    const text = request.text ?? '';
    const at = Math.max(now, this.newest?.at ?? 0);
    const echo: Message = {
      id,
      conversation: this.conversation,
      remote_id: null,
      direction: 'out',
      origin: 'backscroll',
      at,
      kind: 'text',
      text,
      attachments: [],
      reactions: [],
      reply_to: quoted,
      send: { state: 'queued', reason: null, since: now, next_at: null, waiting_behind: 0, upload: null, parts: null },
    };
    const echoed = (request.files ?? []).length === 0 && (request.send_at ?? null) === null;
    if (echoed && this.#after === null) this.messages = [...this.messages, echo];
    this.jump = { to: 'newest' };
    try {
      const messages = await this.#host.send(this.conversation, request);
      const first = messages[0];
      if (this.#after !== null) await this.open({ kind: 'newest' });
      else if (echoed && first) this.#bind(id, first);
      else {
        this.#merge(messages);
        this.jump = { to: 'newest' };
      }
      return messages;
    } catch (thrown) {
      this.messages = this.messages.filter((m) => m.id !== id);
      throw thrown;
    }
  }

  #bind(echo: MessageId, message: Message): void {
    const known = this.messages.find((m) => m.id === message.id);
    if (!known) this.#keys.set(message.id, echo);
    this.messages = this.messages
      .filter((m) => m.id !== echo || !known)
      .map((m) => (m.id === echo ? message : m))
      .sort(inOrder);
  }

  #merge(found: Message[]): void {
    const byId = new Map(found.filter(shown).map((m) => [m.id, m]));
    const hidden = new Set(found.filter((m) => !shown(m)).map((m) => m.id));
    let merged = this.messages.filter((m) => !hidden.has(m.id)).map((m) => byId.get(m.id) ?? m);
    for (const m of merged) byId.delete(m.id);
    const oldest = merged.find((m) => m.id > 0);
    const newest = merged.at(-1);
    for (const message of byId.values()) {
      if (this.#before !== null && oldest && inOrder(message, oldest) < 0) continue;
      const atTail = !newest || inOrder(message, newest) > 0;
      if (this.#after === null || !atTail) {
        const echo = merged.find((m) => m.id < 0 && message.send !== null && m.text === message.text);
        if (echo) this.#keys.set(message.id, this.key(echo.id));
        merged = [...merged.filter((m) => m !== echo), message];
      }
      if (atTail && message.direction === 'in' && !this.atEnd) this.fresh += 1;
    }
    this.messages = counted(merged, found).sort(inOrder);
    if (this.atEnd && this.#after === null && byId.size > 0) this.jump = { to: 'newest' };
  }

  /** The user is away or elsewhere: what came from here on is new, if nothing was before. */
  markFresh(row: Conversation): void {
    if (this.divider !== null || row.unread === 0) return;
    const inbound = this.messages.filter((m) => m.direction === 'in');
    this.divider = inbound.at(-row.unread)?.id ?? null;
  }

  #replace(page: ThreadPage): void {
    this.messages = page.messages.filter(shown);
    this.gaps = page.gaps;
    this.#before = page.before;
    this.#after = page.after;
  }

  async #page(position: ThreadPosition, take: (page: ThreadPage) => void): Promise<void> {
    if (this.#busy) return;
    this.#busy = true;
    try {
      const page = await this.#host.thread(this.conversation, position, position.kind === 'newest' || position.kind === 'around' ? MOST : PAGE);
      if (this.#closed) return;
      take(page);
      this.gaps = united(this.gaps, page.gaps);
    } catch (thrown) {
      this.problem = sentenceOf(thrown);
    } finally {
      this.#busy = false;
    }
  }
}

/** What the user discarded before it left is not part of the thread. */
function shown(message: Message): boolean {
  return message.send?.reason?.kind !== 'discarded';
}

function inOrder(a: Message, b: Message): number {
  // Echoes have no id yet and stand after everything of their instant.
  return a.at - b.at || (a.id < 0 ? 1 : 0) - (b.id < 0 ? 1 : 0) || a.id - b.id;
}

/** A change names the message that left; the other parts of its answer count it too. */
function counted(messages: Message[], read: Message[]): Message[] {
  const sent = new Map(read.flatMap(({ send }) => (send?.parts ? [[send.parts.intent, send.parts.sent] as const] : [])));
  if (sent.size === 0) return messages;
  return messages.map((message) => {
    const { send } = message;
    const now = send?.parts ? sent.get(send.parts.intent) : undefined;
    return send?.parts && now !== undefined && now !== send.parts.sent ? { ...message, send: { ...send, parts: { ...send.parts, sent: now } } } : message;
  });
}

/** What was just read replaces all that it touches: a gap that shrank is drawn once. */
function united(before: Gap[], read: Gap[]): Gap[] {
  const from = (gap: Gap) => gap.from ?? -Infinity;
  const to = (gap: Gap) => gap.to ?? Infinity;
  const same = (a: Gap, b: Gap) => from(a) === from(b) && to(a) === to(b);
  const touches = (a: Gap, b: Gap) => same(a, b) || (from(a) < to(b) && from(b) < to(a));
  return [...before.filter((gap) => !read.some((one) => touches(gap, one))), ...read];
}
