/**
 * The page's whole state, and the one place where changes from Rust arrive.
 *
 * Promises: a change carries ids only, so what it names is read again, at most one reading at a time, and what comes
 * meanwhile is read in the next round; a message is marked as read only while it is on screen and the window has the
 * focus.
 */
import { getContext, setContext, tick } from 'svelte';
import * as m from '../paraglide/messages';
import { asUserError, whole } from '../ipc/host';
import type {
  Account,
  AccountId,
  AttachmentId,
  Boot,
  Capabilities,
  Change,
  ConnectionId,
  Conversation,
  ConversationId,
  ConversationState,
  Host,
  MediaItem,
  Message,
  MessageId,
  OpenAt,
  Provider,
  Quote,
  ReadMark,
  Restored,
  SendDecision,
  Settings,
} from '../ipc/host';
import { shortName } from '../shared/files';
import { displayName } from '../shared/words';
import { Accounts, fixOf } from './accounts.svelte';
import { Clock } from './clock.svelte';
import { ConversationList } from './conversations.svelte';
import { Draft } from './drafts.svelte';
import { inbox } from './order';
import { Timeline } from './timeline.svelte';
import { Toasts } from './toasts.svelte';

/** What fills the window beside the rail. */
export type View =
  | { kind: 'messages' }
  | { kind: 'welcome' }
  | { kind: 'connect'; revive: ConnectionId | null; provider?: Provider }
  | { kind: 'settings'; account: AccountId | null; page?: 'webhooks' | 'outbox' | 'canned' | 'backups' };

/** A picture or video to show large: as the thread or the panel has it. */
export type Shown = Omit<MediaItem, 'place'>;

export type DialogKind =
  | { kind: 'shortcuts' }
  | { kind: 'closing'; tray: boolean }
  | { kind: 'details'; message: MessageId }
  | { kind: 'lightbox'; shown: Shown }
  | { kind: 'contact' }
  | { kind: 'jump' }
  /** When to send: what stands in the composer, or a message that is planned already. */
  | { kind: 'later'; message: MessageId | null };

const AYRSHARE = 'https://app.ayrshare.com';

export class App {
  readonly host: Host;
  readonly clock = new Clock();
  readonly toasts = new Toasts();
  readonly accounts: Accounts;
  readonly list: ConversationList;
  readonly version: string;
  readonly demo: boolean;
  readonly tray: boolean;
  readonly secretsPlace: Boot['secrets_place'];
  /** Another history is in the place of the former one; `null` once it has been read. */
  restored = $state.raw<Restored | null>(null);

  view = $state.raw<View>({ kind: 'messages' });
  settings: Settings;
  dialog = $state.raw<DialogKind | null>(null);
  thread = $state.raw<Timeline | null>(null);
  draft = $state.raw<Draft | null>(null);
  /** One column: the thread covers the list. */
  threadInFront = $state(false);
  focused = $state(document.hasFocus());
  /** Counts up when the composer shall take the focus. */
  wantsComposer = $state(0);
  /** The search of everything stands in the place of the list. */
  searching = $state(false);
  /** The open thread is being searched. */
  finding = $state(false);
  /** Count up when one of the two shall take the focus. */
  wantsSearch = $state(0);
  wantsFind = $state(0);
  /** Counts up when a file shall be chosen. */
  wantsFiles = $state(0);
  /** Files are held over the window. */
  dragging = $state(false);
  /** The message for which a reaction is being chosen. */
  reacting = $state<MessageId | null>(null);
  /** Grows whenever the webhook receiver has news. */
  webhooks = $state(0);
  /** Goes up when something about backups changed. */
  backups = $state(0);
  /** Grows whenever messages changed: for who shows those of all conversations. */
  sendings = $state(0);

  #queue: Change[] = [];
  #reading = false;
  #drafts = new Map<ConversationId, Draft>();
  /** The newest message that was told to be read, per conversation. */
  #marked = new Map<ConversationId, MessageId>();
  #onScreen: MessageId | null = null;

  constructor(host: Host, boot: Boot) {
    this.host = host;
    this.accounts = new Accounts(host, boot);
    this.list = new ConversationList(host, boot.conversations, () => Date.now());
    this.settings = $state.raw(whole(boot.settings));
    this.version = boot.version;
    this.demo = boot.demo;
    this.tray = boot.tray;
    this.secretsPlace = boot.secrets_place;
    this.restored = boot.restored;
    if (boot.connect) this.view = { kind: 'connect', revive: null };
    else if (boot.accounts.length === 0) this.view = { kind: 'welcome' };
    if (boot.open_at) void this.openAt(boot.open_at);
  }

  /** Begins to listen; answers how to stop. */
  start(): () => void {
    void this.host
      .listen({
        changes: (changes) => this.changed(changes),
        open: (at) => void this.openAt(at),
        dragged: (over) => (this.dragging = over),
        dropped: () => void this.attach((draft) => this.host.attachDropped(draft.conversation)),
        closeRequested: (tray) => (this.dialog = { kind: 'closing', tray }),
      })
      .catch((thrown: unknown) => this.report(thrown));
    const stopClock = this.clock.start();
    const focus = () => this.#focusChanged(document.hasFocus());
    const leave = () => void this.draft?.save();
    const online = () => void this.host.wokeUp().catch((thrown: unknown) => this.report(thrown));
    window.addEventListener('focus', focus);
    window.addEventListener('blur', focus);
    document.addEventListener('visibilitychange', leave);
    window.addEventListener('pagehide', leave);
    window.addEventListener('online', online);
    return () => {
      stopClock();
      window.removeEventListener('focus', focus);
      window.removeEventListener('blur', focus);
      document.removeEventListener('visibilitychange', leave);
      window.removeEventListener('pagehide', leave);
      window.removeEventListener('online', online);
    };
  }

  // --- what is shown

  /** Shows a conversation; at a message, if one is given. */
  open(id: ConversationId, message: MessageId | null = null): void {
    this.view = { kind: 'messages' };
    this.threadInFront = true;
    if (this.thread?.conversation === id) {
      if (message !== null) void this.thread.toMessage(message);
      return;
    }
    void this.draft?.save();
    this.thread?.close();
    this.finding = false;
    this.list.select(id);
    const thread = new Timeline(this.host, id);
    this.thread = thread;
    this.#onScreen = null;
    // It may have been marked as unread since: reading it again counts again.
    this.#marked.delete(id);
    void thread.open(message === null ? { kind: 'first_unread' } : { kind: 'around', message });
    this.#viewing();
    void this.#draftOf(id);
  }

  /** Searches everything. */
  search(): void {
    this.threadInFront = false;
    this.show({ kind: 'messages' });
    this.searching = true;
    this.wantsSearch += 1;
  }

  /** Searches the open thread. */
  find(): void {
    this.finding = true;
    this.wantsFind += 1;
  }

  async openAt(at: OpenAt): Promise<void> {
    this.view = { kind: 'messages' };
    if (at.conversation === null) return this.backToList();
    if (!this.list.row(at.conversation)) await this.list.reread([at.conversation], true);
    this.open(at.conversation, at.message);
  }

  backToList(): void {
    this.threadInFront = false;
    this.#viewing();
  }

  show(view: View): void {
    void this.draft?.save();
    this.view = view;
    this.#viewing();
  }

  /** Opens the page that mends an account. */
  async fix(account: Account): Promise<void> {
    switch (fixOf(account)) {
      case 'reconnect':
        this.show({ kind: 'connect', revive: account.connection });
        break;
      case 'provider':
        await this.act(() => this.host.openLink(AYRSHARE));
        break;
      case 'switch_on':
        await this.act(async () => {
          if (account.connection !== null) await this.host.switchMessagingOnAgain(account.connection);
          await this.accounts.reread();
        });
        break;
      case 'account':
      case 'budget':
      case 'none':
        this.show({ kind: 'settings', account: account.id });
    }
  }

  /** Only this account (or all of them) in the list. */
  only(account: AccountId | null): void {
    this.show({ kind: 'messages' });
    this.threadInFront = false;
    void this.list.ask({ ...inbox, account, sort: this.list.query.sort });
  }

  // --- what the user does

  /** Runs an action of the user; a refusal becomes its sentence. */
  async act(action: () => Promise<unknown>): Promise<boolean> {
    try {
      await action();
      return true;
    } catch (thrown) {
      this.toasts.refused(thrown);
      return false;
    }
  }

  async setState(row: Conversation, state: ConversationState): Promise<void> {
    const next = row.id === this.list.selected ? (this.list.neighbour(1) ?? this.list.neighbour(-1)) : null;
    await this.act(async () => {
      const before = await this.host.setState(row.id, state);
      await this.list.reread([row.id], true);
      const done = state.kind === 'done';
      const text = done ? m.toast_done({ name: displayName(row) }) : m.toast_reopened({ name: displayName(row) });
      this.toasts.show(text, () =>
        void this.act(async () => {
          await this.host.setState(row.id, before);
          await this.list.reread([row.id], true);
          this.open(row.id);
        }),
      );
      if (done && row.id === this.list.selected && this.list.query.state === 'open') {
        if (next === null) this.closeThread();
        else if (this.threadInFront && matchMedia('(width < 800px)').matches) this.closeThread();
        else this.open(next);
      }
    });
  }

  closeThread(): void {
    this.thread?.close();
    this.thread = null;
    this.draft = null;
    this.list.select(null);
    this.backToList();
  }

  /** Everything that the list shows, read; with undo. */
  async markAllRead(): Promise<void> {
    const unread = this.list.rows.filter((row) => row.unread > 0 && row.last !== null);
    if (unread.length === 0) return;
    await this.act(async () => {
      const marks: ReadMark[] = [];
      for (const some of portions(unread)) {
        const seen = some.flatMap((row) => (row.last ? [{ conversation: row.id, message: row.last.id }] : []));
        marks.push(...(await this.host.markAllRead(seen)));
      }
      await this.#mine(unread.map((row) => row.id));
      this.toasts.show(m.toast_all_read({ count: unread.length }), () =>
        void this.act(async () => {
          for (const some of portions(marks)) await this.host.undoRead(some);
          await this.#mine(marks.map((mark) => mark.conversation));
        }),
      );
    });
  }

  /** Rows that an act of the user changed. */
  async #mine(ids: ConversationId[]): Promise<void> {
    for (const some of portions(ids)) await this.list.reread(some, true);
  }

  /** Sends what stands in the composer; `at`: not before that. */
  async send(at: number | null = null): Promise<boolean> {
    const { thread, draft } = this;
    if (!thread || !draft) return false;
    const text = draft.text.trim();
    const taken = draft.taken();
    const { files, reply } = taken;
    try {
      const request = { text, files: files.map((file) => file.id), reply_to: reply?.remote_id ?? null, send_at: at };
      const sent = (await thread.send(request, Date.now(), reply && quoteOf(reply))).at(-1);
      if (sent && this.settings.mark_read === 'on_reply') await this.host.markRead(thread.conversation, sent.id);
      return true;
    } catch (thrown) {
      draft.restore(text, taken);
      this.toasts.refused(thrown);
      return false;
    }
  }

  async decide(message: Message, decision: SendDecision): Promise<boolean> {
    return this.act(() => this.host.decide(message.id, decision));
  }

  /** Takes an unsent message back into the composer, text and files. */
  async edit(message: Message): Promise<void> {
    const draft = this.draft;
    if (!draft) return;
    await draft.save();
    if (!(await this.decide(message, 'edit'))) return;
    await draft.reread();
    this.wantsComposer += 1;
  }

  /** What the open conversation's account can do. */
  get abilities(): Capabilities | null {
    const account = this.list.row(this.thread?.conversation ?? null)?.account;
    return account === undefined ? null : (this.accounts.account(account)?.capabilities ?? null);
  }

  /** Hands files over to the draft of the open conversation. */
  async attach(hand: (draft: Draft) => Promise<unknown>): Promise<void> {
    this.dragging = false;
    const draft = this.draft;
    if (!draft || this.view.kind !== 'messages' || !this.abilities?.attach.at_once) return;
    draft.adding += 1;
    await this.act(() => hand(draft));
    await draft.readFiles();
    draft.adding -= 1;
    this.wantsComposer += 1;
  }

  /** Attaches what the user chooses in the desktop's dialog: rows at once, whatever their size. */
  async pick(): Promise<void> {
    const draft = this.draft;
    if (!draft) return;
    await this.act(() => this.host.attachPicked(draft.conversation));
    await draft.readFiles();
    this.wantsComposer += 1;
  }

  /** Whether the platform can point at it: for an answer that quotes it, for a reaction. */
  canQuote(message: Message): boolean {
    return this.abilities?.quote === true && message.remote_id !== null && message.kind !== 'unsent';
  }

  canReact(message: Message): boolean {
    return this.abilities?.react === true && message.remote_id !== null && message.kind !== 'unsent';
  }

  quote(message: Message | undefined): void {
    if (!this.draft || !message) return;
    this.draft.quote(message);
    this.wantsComposer += 1;
  }

  /** Chooses a reaction for the customer's newest message; what is far out of sight is gone to first. */
  reactToLast(): void {
    const last = this.thread?.messages.findLast((message) => message.direction === 'in' && this.canReact(message));
    if (!last) return;
    if (!document.querySelector(`[data-message="${last.id}"]`)) void this.thread?.toMessage(last.id);
    this.reacting = last.id;
  }

  /** As the business, or no longer. */
  async react(message: Message, emoji: string): Promise<void> {
    this.reacting = null;
    const mine = message.reactions.some((reaction) => reaction.mine && reaction.emoji === emoji);
    await this.act(() => this.host.react(message.id, mine ? null : emoji));
  }

  /** Saves a copy among the user's downloads. */
  async saveMedia(attachment: AttachmentId): Promise<void> {
    await this.act(async () => {
      const name = await this.host.saveMedia(attachment);
      this.toasts.show(m.toast_saved({ name: shortName(name) }));
    });
  }

  async copy(text: string): Promise<void> {
    if (await this.act(() => navigator.clipboard.writeText(text))) this.toasts.show(m.toast_copied());
  }

  async set(change: Partial<Settings>): Promise<void> {
    const before = this.settings;
    this.settings = { ...before, ...change };
    if (!(await this.act(() => this.host.setSettings({ ...before, ...change })))) this.settings = before;
  }

  /** A mistake of the page itself. Carries no content of messages. */
  report(thrown: unknown): void {
    void this.host.logProblem(asUserError(thrown).detail).catch(() => undefined);
  }

  // --- reading

  /** The last message that is wholly on screen. */
  seen(message: MessageId | null): void {
    this.#onScreen = message;
    this.#markRead();
  }

  #markRead(): void {
    const id = this.thread?.conversation;
    const row = this.list.row(id ?? null);
    const upTo = this.#onScreen;
    if (id === undefined || !row || upTo === null || upTo < 0 || row.unread === 0) return;
    if (!this.focused || this.view.kind !== 'messages' || this.settings.mark_read !== 'on_screen') return;
    if ((this.#marked.get(id) ?? 0) >= upTo) return;
    this.#marked.set(id, upTo);
    this.host.markRead(id, upTo).catch((thrown: unknown) => {
      this.#marked.delete(id);
      this.report(thrown);
    });
  }

  #focusChanged(focused: boolean): void {
    if (this.focused === focused) return;
    this.focused = focused;
    if (!focused) void this.draft?.save();
    this.host.setBackground(!focused).catch((thrown: unknown) => this.report(thrown));
    this.#viewing();
    this.#markRead();
  }

  #viewing(): void {
    const covered = !this.threadInFront && matchMedia('(width < 800px)').matches;
    const id = this.focused && this.view.kind === 'messages' && !covered ? (this.thread?.conversation ?? null) : null;
    this.host.setViewing(id).catch((thrown: unknown) => this.report(thrown));
  }

  async #draftOf(id: ConversationId): Promise<void> {
    const known = this.#drafts.get(id);
    if (known) {
      this.draft = known;
      // The command line may have changed them meanwhile.
      await known.readFiles();
      return;
    }
    this.draft = null;
    if (!this.list.row(id)) await this.list.reread([id], true);
    const row = this.list.row(id);
    if (!row || this.thread?.conversation !== id) return;
    const draft = new Draft(this.host, row, (thrown) => this.toasts.refused(thrown));
    this.#drafts.set(id, draft);
    this.draft = draft;
    await draft.readFiles();
  }

  // --- changes

  changed(changes: Change[]): void {
    this.#queue.push(...changes);
    if (!this.#reading) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#queue.length > 0) {
        const changes = this.#queue;
        this.#queue = [];
        await this.#apply(changes);
      }
    } catch (thrown) {
      this.report(thrown);
    } finally {
      this.#reading = false;
    }
  }

  async #apply(changes: Change[]): Promise<void> {
    const rows = new Set<ConversationId>();
    const messages = new Set<MessageId>();
    const drafts = new Set<ConversationId>();
    if (changes.some((change) => change.kind === 'messages' || change.kind === 'resync')) this.sendings += 1;
    let [added, unnamed, accounts, counts, filled, resync, settings] = [false, false, false, false, false, false, false];
    for (const change of changes) {
      switch (change.kind) {
        case 'conversation':
          rows.add(change.id);
          break;
        case 'messages':
          if (change.conversation !== this.thread?.conversation) break;
          added ||= change.added;
          unnamed ||= change.ids.length === 0;
          for (const id of change.ids) messages.add(id);
          break;
        case 'account':
          accounts = true;
          break;
        case 'draft':
          drafts.add(change.conversation);
          break;
        case 'counts':
          counts = true;
          break;
        case 'settings':
          settings = true;
          break;
        case 'webhooks':
          this.webhooks += 1;
          break;
        case 'backups':
          this.backups += 1;
          break;
        case 'backfill_done':
          filled = true;
          break;
        case 'resync':
          resync = true;
      }
    }
    if (resync) [accounts, counts, settings, unnamed] = [true, true, true, true];
    if (resync) this.webhooks += 1;
    if (resync) this.backups += 1;
    if (resync && this.draft) drafts.add(this.draft.conversation);
    const thread = this.thread;
    await Promise.all([
      filled ? this.accounts.filled() : accounts ? this.accounts.reread() : undefined,
      counts ? this.accounts.recount() : undefined,
      settings ? this.host.settings().then((read) => (this.settings = whole(read))) : undefined,
      ...[...drafts].map((id) => this.#drafts.get(id)?.readFiles()),
      resync ? this.list.refresh() : this.#rows([...rows]),
      unnamed ? thread?.refresh() : messages.size > 0 ? thread?.changed([...messages].slice(0, 200), added) : undefined,
    ]);
    const row = this.list.row(thread?.conversation ?? null);
    if (thread && row && added && (!this.focused || !thread.atEnd)) thread.markFresh(row);
    // The first account came by another way than the connect page (the command line).
    if (this.view.kind === 'welcome' && this.accounts.all.length > 0) this.view = { kind: 'messages' };
    await tick();
    this.#markRead();
  }

  async #rows(ids: ConversationId[]): Promise<void> {
    for (const some of portions(ids)) await this.list.reread(some);
  }
}

/** A message as the one that quotes it tells of it. */
function quoteOf(message: Message): Quote {
  const { id, remote_id, direction, kind, text } = message;
  return { remote_id: remote_id ?? '', message: id, direction, kind, text };
}

/** What one question to the inbox may name: 200 things. */
function portions<T>(all: T[]): T[][] {
  return Array.from({ length: Math.ceil(all.length / 200) }, (_, i) => all.slice(i * 200, (i + 1) * 200));
}

const KEY = Symbol('app');

export function provideApp(app: App): void {
  setContext(KEY, app);
}

export function useApp(): App {
  const app = getContext<App | undefined>(KEY);
  if (!app) throw new Error('useApp() needs provideApp() in a component above');
  return app;
}
