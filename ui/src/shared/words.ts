/** The sentences that more than one part of the page says: names, kinds, health, the reply window. */
import { codeSentence, providers } from '../ipc/errors';
import type { Account, Conversation, Health, LeftOut, MessageKind, Platform, PlatformState, Provider, ReplyWindow, TextLimit } from '../ipc/host';
import * as m from '../paraglide/messages';
import { dayAndTime, span, time } from './format';

/** Brand names, the same in every language. */
export const brands: Record<Platform, string> = { messenger: 'Messenger', instagram: 'Instagram', x: 'X' };

/** The person's name; without one, the platform and the end of its id. */
export function displayName(row: Conversation): string {
  return row.name ?? m.unnamed_person({ platform: brands[row.platform], digits: (row.participant ?? row.remote_id).slice(-4) });
}

/** Up to two letters for an avatar. */
export function initials(name: string): string {
  const words = name.split(/[\s·@_.-]+/u).filter((word) => /\p{L}|\p{N}/u.test(word));
  const first = words[0];
  const last = words.length > 1 ? words.at(-1) : undefined;
  if (!first) return '#';
  const letter = (word: string) => /[\p{L}\p{N}]/u.exec(word)?.[0].toLocaleUpperCase() ?? '';
  // Two letters only where letters stand alone: Arabic joins them, and a Han character says enough.
  return /\p{Script=Latin}|\p{Script=Cyrillic}|\p{Script=Greek}/u.test(first) && last ? letter(first) + letter(last) : letter(first);
}

const kinds: Record<MessageKind, () => string> = {
  text: m.kind_text,
  image: m.kind_image,
  video: m.kind_video,
  audio: m.kind_audio,
  file: m.kind_file,
  sticker: m.kind_sticker,
  share: m.kind_share,
  story_reply: m.kind_story_reply,
  story_mention: m.kind_story_mention,
  reel: m.kind_reel,
  product: m.kind_product,
  template: m.kind_template,
  unsent: m.kind_unsent,
  unknown: m.kind_unknown,
};

export function kindWord(kind: MessageKind): string {
  return (kinds[kind] ?? m.kind_unknown)();
}

/** *North Pier (X)* */
export function accountName(business: string, platform: Platform): string {
  return m.account_name({ business, platform: brands[platform] });
}

/** What is wrong with an account, as the end of *North Pier (X) …*. `null`: nothing. */
export function healthSentence(account: Account, now: number): string | null {
  const platform = brands[account.platform];
  if (account.connection === null) return m.health_disconnected();
  const health: Health = account.health;
  const meta = account.provider === 'meta';
  switch (health.kind) {
    case 'ok':
    case 'starting':
      return account.backfill === 'awaiting_choice' ? m.health_awaiting_choice() : null;
    case 'offline':
      return m.health_offline({ time: time(health.next_try) });
    case 'provider_down':
      return m.health_provider_down({ provider: providers[account.provider ?? 'ayrshare'], time: time(health.next_try) });
    case 'rate_limited':
      return m.health_rate_limited({ time: dayAndTime(health.until, now) });
    case 'key_refused':
      return m.health_key_refused();
    case 'profile_key_refused':
      return m.health_profile_key_refused();
    case 'suspended':
      return m.health_suspended();
    case 'plan_required':
      return m.health_plan_required();
    case 'messaging_off':
      return m.health_messaging_off({ platform });
    case 'link_again':
      return meta ? m.health_meta_link_again({ platform }) : m.health_link_again({ platform });
    case 'not_linked':
      return meta ? m.health_meta_not_linked({ platform }) : m.health_not_linked({ platform });
    case 'x_keys_missing':
      return m.health_x_keys_missing();
    case 'token_expired':
      return m.health_token_expired();
    case 'token_revoked':
      return m.health_token_revoked();
    case 'password_changed':
      return m.health_password_changed();
    case 'checkpoint':
      return m.health_checkpoint();
    case 'role_lost':
      return m.health_role_lost();
    case 'app_secret_needed':
      return m.health_app_secret_needed();
    case 'permission_missing':
      return health.permission === null ? m.health_permission_missing_unnamed() : m.health_permission_missing({ permission: health.permission });
    case 'message_access_off':
      return m.health_message_access_off();
    case 'restricted':
      return m.health_restricted({ platform });
    case 'budget_used':
      return m.health_budget_used();
    case 'clock_off':
      return m.health_clock_off({ span: span(Math.abs(health.by_ms)) });
    case 'secrets_missing':
      return m.health_secrets_missing();
    case 'storage':
      return m.health_storage({ why: codeSentence(health.code), time: time(health.next_try) });
    case 'disconnected':
      return m.health_disconnected();
  }
}

const platformStates: Record<PlatformState, (inputs: { platform: string }) => string> = {
  ready: m.platform_ready,
  messaging_off: m.platform_messaging_off,
  link_again: m.platform_link_again,
  not_linked: m.platform_not_linked,
  x_keys_missing: m.platform_x_keys_missing,
  permission_missing: m.platform_permission_missing,
  message_access_off: m.platform_message_access_off,
  not_eligible: m.platform_not_eligible,
};

/** Where Graph means something else by the same state. */
const metaStates: Partial<Record<PlatformState, (inputs: { platform: string }) => string>> = {
  link_again: m.platform_meta_link_again,
  not_linked: m.platform_meta_not_linked,
};

/** The one sentence of a platform in a key check. */
export function platformSentence(state: PlatformState, platform: Platform, provider: Provider | null = null): string {
  const says = (provider === 'meta' ? metaStates[state] : undefined) ?? platformStates[state];
  return says({ platform: brands[platform] });
}

const leftOut: Record<LeftOut, () => string> = {
  idle_requests: m.left_out_idle_requests,
  people_without_role: m.left_out_people_without_role,
  linked_accounts: m.left_out_linked_accounts,
  older_than_twenty: m.left_out_older_than_twenty,
};

/** What a provider never shows to apps, in one line. */
export function leftOutSentence(what: LeftOut): string {
  return leftOut[what]();
}

/** How long an answer is allowed, in one sentence. `null`: there is nothing to say. */
export function windowSentence(window: ReplyWindow, name: string, platform: Platform, now: number): string | null {
  switch (window.kind) {
    case 'open':
      return window.until > now ? m.window_open({ span: span(window.until - now) }) : m.window_uncertain({ platform: brands[platform] });
    case 'human_only':
      return window.until > now ? m.window_human_only({ time: dayAndTime(window.until, now) }) : m.window_uncertain({ platform: brands[platform] });
    case 'uncertain':
      return m.window_uncertain({ platform: brands[platform] });
    case 'closed':
      return window.refused
        ? m.window_refused({ platform: brands[platform], time: dayAndTime(window.since, now), name })
        : m.window_closed({ time: dayAndTime(window.since, now), name });
    case 'none':
      return null;
  }
}

const encoder = new TextEncoder();

/** The size of a text in the platform's own unit. */
export function textSize(text: string, limit: TextLimit): number {
  return limit.unit === 'bytes' ? encoder.encode(text).length : [...text].length;
}
