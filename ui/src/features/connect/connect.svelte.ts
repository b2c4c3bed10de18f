/** Connecting an Ayrshare key: what was typed, what the key gives access to, and what becomes of each profile. */
import { sentenceOf } from '../../ipc/errors';
import { asUserError } from '../../ipc/host';
import type { AyrshareKeys, Host, OtherProfile, PlatformCheck, ProfileCheck, XHistory } from '../../ipc/host';
import * as m from '../../paraglide/messages';

/** A profile of the key: the primary one, or one that needs its own Profile Key. */
export class Profile {
  readonly title: string;
  readonly reference: string | null;
  /** Already connected here. */
  readonly connected: boolean;
  readonly primary: boolean;
  key = $state('');
  check = $state.raw<ProfileCheck | null>(null);
  problem = $state('');
  /** The key that was typed here belongs to another row. */
  belongsTo = $state.raw<Profile | null>(null);
  busy = $state(false);
  state = $state<'open' | 'connected' | 'skipped'>('open');

  constructor(of: ProfileCheck | OtherProfile, primary: boolean) {
    // Ayrshare calls the first one *Primary Profile*; the user knows it by the name of its Page.
    const named = 'platforms' in of ? of.platforms.find((p) => p.name !== null)?.name : undefined;
    this.title = (primary ? named : undefined) ?? of.title;
    this.reference = of.reference;
    this.connected = 'connected' in of && of.connected;
    this.primary = primary;
    if ('platforms' in of) this.check = of;
  }

  /** What would be read and sent for. */
  get usable(): PlatformCheck[] {
    return this.check?.platforms.filter((p) => p.state === 'ready') ?? [];
  }

  get x(): PlatformCheck | undefined {
    return this.check?.platforms.find((p) => p.platform === 'x' && (p.state === 'ready' || p.state === 'x_keys_missing'));
  }

  /** Messaging is off, and its Profile Key can switch it on. The Primary Profile's switch is in the dashboard. */
  get switchable(): boolean {
    return !this.primary && this.check?.platforms.some((p) => p.state === 'messaging_off') === true;
  }

  /** Something of it could be connected; with the X keys, where `xKeys` says that they were given. */
  ready(xKeys: boolean): boolean {
    return this.state === 'open' && !this.connected && (this.usable.length > 0 || (xKeys && this.x !== undefined));
  }
}

export type XChoice = 'none' | 'newest' | 'all';

/** What *newest 100* costs at most, and the suggestion for a month (`ux.md`, first run). */
const NEWEST = 100;
const MONTHLY_CENTS = 500;

export class Connect {
  apiKey = $state('');
  apiBase = $state('');
  xKey = $state('');
  xSecret = $state('');
  xChoice = $state<XChoice | null>(null);
  /** Dollars a month; empty or 0: no limit. */
  xLimit = $state<number | null>(MONTHLY_CENTS / 100);
  busy = $state(false);
  problem = $state('');
  profiles = $state.raw<Profile[]>([]);
  connected = $state(0);

  readonly hasX = $derived(this.profiles.some((profile) => profile.state === 'open' && profile.x !== undefined));
  readonly needsXKeys = $derived(this.profiles.some((profile) => profile.state === 'open' && profile.x?.state === 'x_keys_missing'));
  readonly #xKeys = $derived(this.xKey.trim() !== '' && this.xSecret.trim() !== '');
  readonly chosen = $derived(this.profiles.filter((profile) => profile.ready(this.#xKeys)));

  #host: Host;

  constructor(host: Host) {
    this.#host = host;
  }

  /** Asks what the API key gives access to. */
  async check(): Promise<void> {
    this.busy = true;
    this.problem = '';
    try {
      const { profile, others } = await this.#host.checkAyrshare(this.#base(), this.#keys(null));
      this.profiles = [new Profile(profile, true), ...others.map((other) => new Profile(other, false))];
    } catch (thrown) {
      this.problem = sentenceOf(thrown);
    } finally {
      this.busy = false;
    }
  }

  /** Asks what the Profile Key of one row gives access to. */
  async checkProfile(row: Profile): Promise<void> {
    row.busy = true;
    row.problem = '';
    row.belongsTo = null;
    try {
      const { profile } = await this.#host.checkAyrshare(this.#base(), this.#keys(row.key));
      if (row.reference !== null && profile.reference !== null && profile.reference !== row.reference) {
        row.belongsTo = this.profiles.find((other) => other.reference === profile.reference) ?? null;
        row.problem = belongs(row.belongsTo);
        if (row.belongsTo?.connected) row.belongsTo = null;
      } else {
        row.check = profile;
      }
    } catch (thrown) {
      row.problem = sentenceOf(thrown);
    } finally {
      row.busy = false;
    }
  }

  /** Switches messaging on for the profile of a row, and looks again. */
  async switchOn(row: Profile): Promise<void> {
    row.busy = true;
    row.problem = '';
    try {
      row.check = (await this.#host.switchMessagingOn(this.#base(), this.#keys(row.key))).profile;
    } catch (thrown) {
      row.problem = sentenceOf(thrown);
    } finally {
      row.busy = false;
    }
  }

  /** The key goes to the row that it belongs to. */
  async useThere(row: Profile): Promise<void> {
    const there = row.belongsTo;
    if (!there) return;
    there.key = row.key;
    row.key = '';
    row.problem = '';
    row.belongsTo = null;
    await this.checkProfile(there);
  }

  /** Connects every chosen profile, one after the other. Answers whether all went well. */
  async connect(): Promise<boolean> {
    this.problem = '';
    if (this.needsXKeys && (this.xKey.trim() === '') !== (this.xSecret.trim() === '')) {
      this.problem = m.error_x_keys_missing();
      return false;
    }
    this.busy = true;
    let all = true;
    for (const profile of this.chosen) {
      profile.busy = true;
      profile.problem = '';
      try {
        const accounts = await this.#host.connectAyrshare(this.#base(), this.#keys(profile.primary ? null : profile.key), profile.primary ? profile.title : null);
        this.connected += accounts.length;
        profile.state = 'connected';
      } catch (thrown) {
        all = false;
        const error = asUserError(thrown);
        profile.problem = sentenceOf(error);
      } finally {
        profile.busy = false;
      }
    }
    this.busy = false;
    return all && this.connected > 0;
  }

  #base(): string | null {
    return this.apiBase.trim() === '' ? null : this.apiBase.trim().replace(/\/+$/, '');
  }

  #keys(profileKey: string | null): AyrshareKeys {
    return {
      api_key: this.apiKey.trim(),
      profile_key: profileKey === null ? null : profileKey.trim(),
      x_api_key: this.#xKeys ? this.xKey.trim() : null,
      x_api_secret: this.#xKeys ? this.xSecret.trim() : null,
      x_history: history(this.xChoice),
      x_monthly_limit_cents: Math.max(0, Math.round((this.xLimit ?? 0) * 100)),
    };
  }
}

function belongs(to: Profile | null): string {
  if (!to) return m.error_other_profiles_key();
  return to.connected ? m.profile_key_of_connected({ title: to.title }) : m.profile_key_of({ title: to.title });
}

export function history(choice: XChoice | null): XHistory | null {
  switch (choice) {
    case null:
      return null;
    case 'none':
      return { kind: 'none' };
    case 'newest':
      return { kind: 'newest', count: NEWEST };
    case 'all':
      return { kind: 'all' };
  }
}
