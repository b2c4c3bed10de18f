/** Drafts: one per conversation, saved a moment after the last keystroke and whenever it is left. */
import type { Conversation, ConversationId, Host } from '../ipc/host';

const SAVE_AFTER_MS = 400;
/** A row carries this much of its draft. */
const BEGINNING = 200;

export class Draft {
  readonly conversation: ConversationId;
  text = $state('');

  #host: Host;
  #saved = '';
  #timer: ReturnType<typeof setTimeout> | undefined;
  #report: (thrown: unknown) => void;

  constructor(host: Host, row: Conversation, report: (thrown: unknown) => void) {
    this.#host = host;
    this.#report = report;
    this.conversation = row.id;
    const beginning = row.draft ?? '';
    this.text = this.#saved = beginning;
    if ([...beginning].length >= BEGINNING) void this.#load(beginning);
  }

  write(text: string): void {
    this.text = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.save(), SAVE_AFTER_MS);
  }

  /** Empties it without saving: sending removes the draft in its own transaction, or is followed by `restore`. */
  taken(): void {
    clearTimeout(this.#timer);
    this.text = '';
    if (this.#saved !== '') void this.save();
  }

  /** Puts a text back that could not be sent or shall be edited, before what was typed since. */
  restore(text: string): void {
    this.write(this.text === '' ? text : `${text}\n${this.text}`);
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

  async #load(beginning: string): Promise<void> {
    try {
      const whole = await this.#host.draft(this.conversation);
      if (whole !== null && this.text === beginning) this.text = this.#saved = whole;
    } catch (thrown) {
      this.#report(thrown);
    }
  }
}
