/** Accounts, shops, connections, counters, and where first back-fills stand. */
import type {
  Account,
  AccountId,
  BackfillProgress,
  BackfillSummary,
  Boot,
  Business,
  BusinessId,
  Connection,
  ConnectionId,
  Counts,
  Health,
  Host,
} from '../ipc/host';

/** Progress is a line of text: twice a second is as often as it can be read. */
const PROGRESS_MS = 500;

export class Accounts {
  all = $state.raw<Account[]>([]);
  businesses = $state.raw<Business[]>([]);
  connections = $state.raw<Connection[]>([]);
  counts = $state.raw<Counts>({ unread: 0, unanswered: 0, accounts: [] });
  progress = $state.raw<BackfillProgress[]>([]);
  /** The numbers to tell once after a first back-fill. */
  summary = $state.raw<BackfillSummary | null>(null);

  /** The account that is worst off, if any is. */
  readonly worst: Account | null = $derived(
    this.all.reduce<Account | null>(
      (worst, account) => (severity(account) > (worst ? severity(worst) : 0) ? account : worst),
      null,
    ),
  );

  #host: Host;
  #polling = false;

  constructor(host: Host, boot: Boot) {
    this.#host = host;
    this.all = boot.accounts;
    this.businesses = boot.businesses;
    this.connections = boot.connections;
    this.counts = boot.counts;
    if (this.#filling) void this.#follow();
  }

  account(id: AccountId): Account | undefined {
    return this.all.find((account) => account.id === id);
  }

  businessName(id: BusinessId): string {
    return this.businesses.find((business) => business.id === id)?.name ?? '';
  }

  connection(id: ConnectionId | null): Connection | undefined {
    return this.connections.find((connection) => connection.id === id);
  }

  unread(id: AccountId): number {
    return this.counts.accounts.find((count) => count.account === id)?.unread ?? 0;
  }

  async reread(): Promise<void> {
    [this.all, this.businesses, this.connections] = await Promise.all([
      this.#host.accounts(),
      this.#host.businesses(),
      this.#host.connections(),
    ]);
    if (this.#filling) void this.#follow();
  }

  async recount(): Promise<void> {
    this.counts = await this.#host.counts();
  }

  /** A first back-fill ended: the summary comes when the last one did. */
  async filled(): Promise<void> {
    await this.reread();
    if (!this.#filling) this.summary = await this.#host.backfillSummary([]);
  }

  get #filling(): boolean {
    return this.all.some((account) => account.backfill === 'pending' && account.connection !== null);
  }

  async #follow(): Promise<void> {
    if (this.#polling) return;
    this.#polling = true;
    try {
      while (this.#filling) {
        this.progress = await this.#host.backfills();
        await new Promise((resolve) => setTimeout(resolve, PROGRESS_MS));
      }
    } finally {
      this.progress = [];
      this.#polling = false;
    }
  }
}

/** How much an account needs the user: 0 not at all, 1 heals by itself, 2 waits for a choice, 3 stopped. */
export function severity(account: Account): number {
  if (account.connection === null) return 0;
  switch (account.health.kind) {
    case 'ok':
    case 'starting':
      return account.backfill === 'awaiting_choice' ? 2 : 0;
    case 'offline':
    case 'provider_down':
    case 'rate_limited':
    case 'clock_off':
      return 1;
    case 'storage':
      return 2;
    case 'key_refused':
    case 'profile_key_refused':
    case 'suspended':
    case 'plan_required':
    case 'messaging_off':
    case 'link_again':
    case 'not_linked':
    case 'x_keys_missing':
    case 'token_expired':
    case 'token_revoked':
    case 'password_changed':
    case 'checkpoint':
    case 'role_lost':
    case 'app_secret_needed':
    case 'permission_missing':
    case 'message_access_off':
    case 'restricted':
    case 'budget_used':
    case 'secrets_missing':
    case 'disconnected':
      return 3;
  }
}

/** The one thing that helps. */
export type Fix = 'reconnect' | 'provider' | 'account' | 'switch_on' | 'budget' | 'none';

export function fixOf(account: Account): Fix {
  if (account.backfill === 'awaiting_choice' && severity(account) === 2) return 'budget';
  const kind: Health['kind'] = account.connection === null ? 'disconnected' : account.health.kind;
  switch (kind) {
    case 'key_refused':
    case 'profile_key_refused':
    case 'secrets_missing':
    case 'x_keys_missing':
    case 'token_expired':
    case 'token_revoked':
    case 'password_changed':
    case 'role_lost':
    case 'app_secret_needed':
    case 'disconnected':
      return 'reconnect';
    // A token has its permissions for good: what it lacks comes with a new one.
    case 'permission_missing':
      return account.provider === 'meta' ? 'reconnect' : 'provider';
    case 'messaging_off':
      return account.capabilities.switches_messaging ? 'switch_on' : 'provider';
    case 'suspended':
    case 'plan_required':
    case 'link_again':
    case 'not_linked':
    case 'checkpoint':
    case 'message_access_off':
    case 'restricted':
      // At Meta the user does something in Facebook or Instagram, and then lets us look again: its page has both.
      return account.provider === 'meta' ? 'account' : 'provider';
    case 'budget_used':
      return 'budget';
    case 'ok':
    case 'starting':
    case 'offline':
    case 'provider_down':
    case 'rate_limited':
    case 'clock_off':
    case 'storage':
      return 'none';
  }
}
