import type { DeliveryKind, DeliveryOutcome, WebhookTest } from '../../ipc/host';
import * as m from '../../paraglide/messages';
import { count } from '../../shared/format';

/** What came of a delivery, in words. */
export const outcomes: Record<DeliveryOutcome, () => string> = {
  taken_in: m.hooks_taken_in,
  late: m.hooks_late,
  hint: m.hooks_hint,
  new_person: m.hooks_new_person,
  shook_hands: m.hooks_shook_hands,
  duplicate: m.hooks_duplicate,
  replayed: m.hooks_replayed,
  forged: m.hooks_forged,
  no_secret: m.hooks_unverifiable,
  oversized: m.hooks_oversized,
  slow: m.hooks_slow,
  garbage: m.hooks_garbage,
  unknown_account: m.hooks_unknown_account,
  disconnected: m.hooks_disconnected,
  unknown_address: m.hooks_unknown_address,
  busy: m.hooks_busy,
  wrong_word: m.hooks_wrong_word,
  not_kept: m.hooks_not_kept,
  no_conversation: m.hooks_no_conversation,
  clock_unsure: m.hooks_clock_unsure,
};

/** The order of the counts: what went well first. */
export const order = Object.keys(outcomes) as DeliveryOutcome[];

const well = new Set<DeliveryOutcome>(['taken_in', 'late', 'hint', 'new_person', 'shook_hands']);

/** Whether it did what it came for. */
export const isWell = (outcome: DeliveryOutcome): boolean => well.has(outcome);

/** What it told. */
export const kinds: Record<DeliveryKind, () => string> = {
  message: m.hooks_kind_message,
  echo: m.hooks_kind_echo,
  unsent: m.hooks_kind_unsent,
  edited: m.hooks_kind_edited,
  reaction: m.hooks_kind_reaction,
  read: m.hooks_kind_read,
  delivered: m.hooks_kind_delivered,
  postback: m.hooks_kind_postback,
  referral: m.hooks_kind_referral,
  opt_in: m.hooks_kind_opt_in,
  handover: m.hooks_kind_handover,
  policy: m.hooks_kind_policy,
  linked: m.hooks_kind_linked,
  handshake: m.hooks_kind_handshake,
  other: m.hooks_kind_other,
};

/** What came of a delivery to ourselves. */
export function testWords(test: WebhookTest): string {
  switch (test.kind) {
    case 'came_back':
      return m.hooks_test_came_back({ ms: count(test.took_ms) });
    case 'wrong_signature':
      return m.hooks_test_signature();
    case 'timed_out':
      return m.hooks_test_timed_out({ seconds: count(test.within_s) });
    case 'refused':
      return m.hooks_test_refused({ status: String(test.status) });
    case 'unreachable':
      return m.hooks_test_unreachable();
  }
}
