/**
 * Drafts: one per conversation. The text is saved a moment after the last keystroke and whenever it is left, the quoted
 * message at once; the files are rows of the inbox from the moment they are attached. So all are there after a restart.
 */
import type { Conversation, ConversationId, Host, Message, OutgoingFile, OutgoingFileId } from '../ipc/host';

const SAVE_AFTER_MS = 400;
/** A row carries this much of its draft. */
const BEGINNING = 200;

/** What `taken` took, for the case that it could not be sent. */
export interface Taken {
  files: OutgoingFile[];
  reply: Message | null;
}

export class Draft {
  readonly conversation: ConversationId;
  text = $state('');
  /** In the order of sending. */
  files = $state.raw<OutgoingFile[]>([]);
  /** Files that the page is handing over and that are not among `files` yet. */
  adding = $state(0);
  #reply = $state.raw<Message | null>(null);

  #host: Host;
  #saved = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #report: (thrown: unknown) => void;
  /** Counts readings of the files: an answer that was overtaken says nothing. */
  #reading = 0;

  constructor(host: Host, row: Conversation, report: (thrown: unknown) => void) {
    this.#host = host;
    this.#report = report;
    this.conversation = row.id;
    const beginning = row.draft ?? '';
    this.text = this.#saved = beginning;
    if ([...beginning].length >= BEGINNING) void this.#load(beginning);
    if (row.draft !== null) void this.#loadQuote();
  }

  /** The message that the answer will quote. */
  get reply(): Message | null {
    return this.#reply;
  }

  quote(message: Message | null): void {
    if (this.#reply?.id === message?.id) return;
    this.#reply = message;
    this.#host.saveDraftQuote(this.conversation, message?.id ?? null).catch(this.#report);
  }

  write(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  /** Empties it without saving: sending removes the draft in its own transaction, or is followed by `restore`. */
  taken(): Taken {
    clearTimeout(this.#timer);
    const taken = { files: this.files, reply: this.reply };
    this.text = '';
    this.files = [];
    this.quote(null);
    this.#reading += 1;
    if (this.#saved !== '') void this.save();
    return taken;
  }

  /** Puts a text back that could not be sent or shall be edited, before what was typed since. */
  restore(text: string, taken: Taken = { files: [], reply: null }): void {
    this.write(this.text === '' ? text : text === '' ? this.text : `${text}\n${this.text}`);
    if (this.reply === null) this.quote(taken.reply);
    if (taken.files.length > 0) void this.readFiles();
  }

  async save(): Promise<void> {
    clearTimeout(this.#timer);
    const text = this.text;
    if (text === this.#saved) return;
    const before = this.#saved;
    this.#saved = text;
    try {
      await this.#host.saveDraft(this.conversation, text);
    } catch (thrown) {
      this.#saved = before;
      this.#report(thrown);
    }
  }

  /** The inbox put something into it: a message came back to be edited. */
  async reread(): Promise<void> {
    try {
      this.text = this.#saved = (await this.#host.draft(this.conversation)) ?? '';
      this.#reply = await this.#host.draftQuote(this.conversation);
      await this.readFiles();
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  async readFiles(): Promise<void> {
    const reading = ++this.#reading;
    try {
      const files = await this.#host.outgoingFiles(this.conversation);
      if (reading === this.#reading) this.files = files;
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  /** Into this order, at once; undone by what is read if it could not be kept. */
  async order(files: OutgoingFile[]): Promise<void> {
    if (files.every((file, i) => file.id === this.files[i]?.id)) return;
    this.files = files;
    this.#reading += 1;
    await this.#keep(() => this.#host.orderFiles(this.conversation, files.map((file) => file.id)));
  }

  async remove(id: OutgoingFileId): Promise<void> {
    this.files = this.files.filter((file) => file.id !== id);
    this.#reading += 1;
    await this.#keep(() => this.#host.removeFile(id));
  }

  async #keep(change: () => Promise<unknown>): Promise<void> {
    try {
      await change();
    } catch (thrown) {
      this.#report(thrown);
      await this.readFiles();
    }
  }

  async #loadQuote(): Promise<void> {
    try {
      const quoted = await this.#host.draftQuote(this.conversation);
      this.#reply ??= quoted;
    } catch (thrown) {
      this.#report(thrown);
    }
  }

  async #load(beginning: string): Promise<void> {
    try {
      const whole = await this.#host.draft(this.conversation);
      if (whole !== null && this.text === beginning) this.text = this.#saved = whole;
    } catch (thrown) {
      this.#report(thrown);
    }
  }
}
