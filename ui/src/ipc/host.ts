/**
 * The one way out of the page.
 *
 * Everything else in `ui/` asks a `Host` and never `@tauri-apps/api`: `tauri.ts` answers inside the application,
 * `bridge.ts` in a browser under test, and only `main.ts` knows which of the two it is. Methods and types are those of
 * the generated `bindings.ts`; a refused command rejects with `Refused`, so a call reads like the value it gives.
 */
import type * as wire from './bindings';
import type { Change, commands, OpenAt, UserError } from './bindings';

export type * from './bindings';

// Rust fills in what a caller leaves out of these two, and always answers all of it.
export type Settings = Required<wire.Settings>;
export type ConversationQuery = Required<wire.ConversationQuery>;

type Value<R> = R extends { status: 'ok'; data: infer D } ? D : R extends { status: 'error' } ? never : R;
type Plain<F> = F extends (...args: infer A) => Promise<infer R> ? (...args: A) => Promise<Value<R>> : never;

/** The settings with what is missing filled in: nothing ever is, but the generated type cannot say so. */
export function whole(settings: wire.Settings): Settings {
  return {
    theme: 'system',
    enter_sends: true,
    notification_privacy: 'name_and_text',
    notifications: true,
    remind_before_close: false,
    mark_read: 'on_screen',
    archive_at_provider: false,
    on_close: 'ask',
    list_width: 320,
    contact_panel: true,
    hold: 'off',
    recent_emoji: [],
    skin_tone: 'unset',
    ...settings,
  };
}

/** Each command of the shell, answering its value. */
export type Commands = { [K in Exclude<keyof typeof commands, 'subscribe'>]: Plain<(typeof commands)[K]> };

/** What the page hears without having asked. */
export interface Listeners {
  changes(changes: Change[]): void;
  /** A notification was clicked. */
  open(at: OpenAt): void;
  /** Files of the desktop are held over the window, or no longer. A browser tells the page itself. */
  dragged(over: boolean): void;
  /** They were dropped: `attachDropped` takes them. */
  dropped(): void;
  /** The window's close button, while `on_close` says to ask. */
  closeRequested(tray: boolean): void;
}

export interface Host extends Commands {
  /** Called once. Changes that were committed before it are in what `boot` and the queries answer. */
  listen(listeners: Listeners): Promise<void>;
  /** `attachPicked` opens the desktop's dialog for files; a browser has its own. */
  readonly picksFiles: boolean;
  /** The address of a picture in the local cache. No other picture is ever shown. */
  mediaUrl(path: string): string;
}

/** A command that the inbox refused: `code` chooses the sentence (`errors.ts`). */
export class Refused extends Error {
  readonly error: UserError;

  constructor(error: UserError) {
    super(`${error.code}: ${error.detail}`);
    this.error = error;
  }
}

type Raw = typeof commands;

/** Turns the generated commands into plain ones. */
export function plain(raw: Raw): Commands {
  const { subscribe: _, ...rest } = raw;
  const entries = Object.entries(rest).map(([name, command]) => {
    const call: (...args: never[]) => Promise<unknown> = command;
    return [name, async (...args: never[]) => value(await call(...args))];
  });
  // The same keys and the types of `Plain`, which `Object.entries` cannot carry.
  return Object.fromEntries(entries) as Commands;
}

function value(result: unknown): unknown {
  if (!isSettled(result)) return result;
  if (result.status === 'ok') return result.data;
  throw new Refused(asUserError(result.error));
}

function isSettled(result: unknown): result is { status: 'ok'; data: unknown } | { status: 'error'; error: unknown } {
  return typeof result === 'object' && result !== null && 'status' in result && ('data' in result || 'error' in result);
}

/** Whatever was thrown, as the one error type: what is not one of ours is a mistake of ours. */
export function asUserError(thrown: unknown): UserError {
  if (thrown instanceof Refused) return thrown.error;
  if (isUserError(thrown)) return thrown;
  return { code: 'internal', retry_at: null, detail: thrown instanceof Error ? thrown.message : String(thrown) };
}

function isUserError(thrown: unknown): thrown is UserError {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown && 'detail' in thrown;
}
