/**
 * Connecting a Page: what was typed, what Graph says of the token, and which of a person's Pages was chosen.
 *
 * Promises: what was typed stays after a refusal, and the refusal is told at the field that mends it.
 */
import { sentence } from '../../ipc/errors';
import { asUserError } from '../../ipc/host';
import type { ErrorCode, Host, KeyCheck, MetaKeys, RemoteId } from '../../ipc/host';
import * as m from '../../paraglide/messages';

/** The permissions that the token needs (`reference/meta-graph.md` 1.6), in the Explorer's own words. */
export const PERMISSIONS = [
  'pages_show_list',
  'pages_messaging',
  'pages_manage_metadata',
  'pages_read_engagement',
  'instagram_basic',
  'instagram_manage_messages',
  'business_management',
];

export const EXPLORER = 'https://developers.facebook.com/tools/explorer/';
export const DEBUGGER = 'https://developers.facebook.com/tools/debug/accesstoken/';
export const DEVELOPERS = 'https://developers.facebook.com/apps/';
export const FACEBOOK = 'https://www.facebook.com/';

/** Where a refusal is told. */
export type Field = 'token' | 'app_secret' | 'api_base' | 'page' | 'form';

export interface Problem {
  field: Field;
  text: string;
  /** The one address that helps. */
  open: string | null;
}

/** What a refusal of Graph means for whoever typed the token. */
export function problemOf(thrown: unknown): Problem {
  const error = asUserError(thrown);
  return { field: fieldOf(error.code), text: sentence(error, 'meta'), open: openOf(error.code) };
}

function fieldOf(code: ErrorCode): Field {
  switch (code) {
    case 'app_secret_needed':
      return 'app_secret';
    case 'bad_api_base':
      return 'api_base';
    case 'choose_page':
      return 'page';
    case 'token_expired':
    case 'token_revoked':
    case 'password_changed':
    case 'checkpoint':
    case 'role_lost':
    case 'permission_missing':
    case 'other_profiles_key':
    case 'bad_input':
      return 'token';
    default:
      return 'form';
  }
}

function openOf(code: ErrorCode): string | null {
  switch (code) {
    case 'checkpoint':
    case 'restricted':
      return FACEBOOK;
    case 'token_expired':
    case 'token_revoked':
    case 'password_changed':
    case 'role_lost':
    case 'permission_missing':
      return EXPLORER;
    default:
      return null;
  }
}

/** A token as it is copied from an answer of Graph: quotes, a trailing comma and broken lines are none of it. */
export function cleanToken(pasted: string): string {
  return pasted.replace(/[\s"',]+/g, '');
}

export class MetaConnect {
  token = $state('');
  appSecret = $state('');
  apiBase = $state('');
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  /** The answer to a person's token: it names the Pages. */
  personal = $state.raw<KeyCheck | null>(null);
  page = $state.raw<RemoteId | null>(null);
  /** The answer that concerns a Page. */
  check = $state.raw<KeyCheck | null>(null);

  readonly stage: 'token' | 'pages' | 'result' = $derived(this.check ? 'result' : this.personal ? 'pages' : 'token');
  readonly pages = $derived(this.personal?.meta?.pages ?? []);
  readonly ready = $derived(this.check?.profile.platforms.some((platform) => platform.state === 'ready') === true);

  #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Asks what the token gives access to. */
  async look(): Promise<void> {
    this.page = null;
    this.personal = null;
    await this.#ask(async () => {
      const check = await this.#host.checkMeta(this.#base(), this.#keys());
      if (check.profile.reference === null) this.#offer(check);
      else this.check = check;
    });
  }

  /** Asks what the person's token gives access to at the chosen Page. */
  async lookAtPage(): Promise<void> {
    if (this.page === null) return;
    await this.#ask(async () => {
      this.check = await this.#host.checkMeta(this.#base(), this.#keys());
    });
  }

  /** Connects; answers whether something was. */
  async connect(): Promise<boolean> {
    let connected = false;
    await this.#ask(async () => {
      connected = (await this.#host.connectMeta(this.#base(), this.#keys(), null)).length > 0;
    });
    return connected;
  }

  /** One step back: to the Pages, or to the token. */
  again(): void {
    this.problem = null;
    if (this.check) this.check = null;
    else this.personal = null;
  }

  #offer(check: KeyCheck): void {
    const able = check.meta?.pages.filter((page) => page.may_message) ?? [];
    if (check.meta?.pages.length) {
      this.personal = check;
      // One that can be chosen is chosen.
      this.page = able.length === 1 ? (able[0]?.id ?? null) : null;
    } else {
      this.problem = { field: 'token', text: m.page_none(), open: EXPLORER };
    }
  }

  async #ask(call: () => Promise<void>): Promise<void> {
    this.busy = true;
    this.problem = null;
    try {
      await call();
    } catch (thrown) {
      this.problem = problemOf(thrown);
      // Told at a field that is on another step: go there.
      if (this.problem.field !== 'form' && this.problem.field !== 'page') this.check = this.personal = null;
    } finally {
      this.busy = false;
    }
  }

  #base(): string | null {
    return this.apiBase.trim() === '' ? null : this.apiBase.trim().replace(/\/+$/, '');
  }

  #keys(): MetaKeys {
    return { token: cleanToken(this.token), app_secret: this.appSecret.trim() === '' ? null : this.appSecret.trim(), page: this.page };
  }
}
