/** The sentence of each error code. The code behind it is for *Details*. */
import * as m from '../paraglide/messages';
import { asUserError, type ErrorCode, type Provider, type UserError } from './host';

const sentences: Record<ErrorCode, () => string> = {
  offline: m.error_offline,
  provider_down: m.error_provider_down,
  rate_limited: m.error_rate_limited,
  key_refused: m.error_key_refused,
  profile_key_as_api_key: m.error_profile_key_as_api_key,
  profile_key_refused: m.error_profile_key_refused,
  other_profiles_key: m.error_other_profiles_key,
  suspended: m.error_suspended,
  plan_required: m.error_plan_required,
  messaging_off: m.error_messaging_off,
  link_again: m.error_link_again,
  not_linked: m.error_not_linked,
  x_keys_missing: m.error_x_keys_missing,
  title_taken: m.error_title_taken,
  webhook_taken: m.error_webhook_taken,
  token_expired: m.error_token_expired,
  token_revoked: m.error_token_revoked,
  password_changed: m.error_password_changed,
  checkpoint: m.error_checkpoint,
  role_lost: m.error_role_lost,
  app_secret_needed: m.error_app_secret_needed,
  permission_missing: m.error_permission_missing,
  message_access_off: m.error_message_access_off,
  restricted: m.error_restricted,
  choose_page: m.error_choose_page,
  other_apps_thread: m.error_other_apps_thread,
  person_unreachable: m.error_person_unreachable,
  unsupported: m.error_unsupported,
  bad_api_base: m.error_bad_api_base,
  bad_input: m.error_bad_input,
  not_found: m.error_not_found,
  bad_file: m.error_bad_file,
  not_a_download: m.error_not_a_download,
  html_download: m.error_html_download,
  damaged_download: m.error_damaged_download,
  other_platform: m.error_other_platform,
  owner_unknown: m.error_owner_unknown,
  cancelled: m.error_cancelled,
  bad_text: m.error_bad_text,
  window_closed: m.error_window_closed,
  disconnected: m.error_disconnected,
  too_late: m.error_too_late,
  keychain: m.error_keychain,
  read_only: m.error_read_only,
  disk_full: m.error_disk_full,
  newer_data: m.error_newer_data,
  folder_gone: m.error_folder_gone,
  not_a_backup: m.error_not_a_backup,
  in_use: m.error_in_use,
  damaged: m.error_damaged,
  internal: m.error_internal,
};

export function codeSentence(code: ErrorCode): string {
  // A page may be older than the Rust beside it while one of them is developed.
  return (sentences[code] ?? m.error_internal)();
}

/** Who a provider is, in sentences. */
export const providers: Record<Provider, string> = { ayrshare: 'Ayrshare', meta: 'Meta' };

/** What names the provider, where it is known who was asked. */
const named: Partial<Record<ErrorCode, (inputs: { provider: string }) => string>> = {
  offline: m.error_offline_at,
  provider_down: m.error_provider_down_at,
  rate_limited: m.error_rate_limited_at,
};

export function sentence(error: UserError, asked: Provider | null = null): string {
  const says = asked === null ? undefined : named[error.code];
  return says && asked !== null ? says({ provider: providers[asked] }) : codeSentence(error.code);
}

/** The sentence for whatever was thrown; `asked`: by whom it was answered. */
export function sentenceOf(thrown: unknown, asked: Provider | null = null): string {
  return sentence(asUserError(thrown), asked);
}
