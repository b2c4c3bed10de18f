/** The results of actions of the user, with *Undo* where there is one. Nothing else is ever a toast. */
import { sentenceOf } from '../ipc/errors';

/** Long enough to read a sentence and reach for *Undo*. */
const SHOWN_MS = 8_000;

export interface Toast {
  id: number;
  text: string;
  bad: boolean;
  undo?: () => void;
}

export class Toasts {
  items = $state.raw<Toast[]>([]);
  #next = 0;

  show(text: string, undo?: () => void): void {
    this.#add({ id: this.#next++, text, bad: false, undo });
  }

  /** An action of the user that was refused, as its sentence. */
  refused(thrown: unknown): void {
    this.#add({ id: this.#next++, text: sentenceOf(thrown), bad: true });
  }

  dismiss(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }

  #add(toast: Toast): void {
    // Three at a time: a fourth result says that the first was seen or never will be.
    this.items = [...this.items.slice(-2), toast];
    setTimeout(() => this.dismiss(toast.id), SHOWN_MS);
  }
}
