/** Where an own message stands, in one sentence with its actions. */
import type { Message, SendDecision, SendReason, StaleCause } from '../../ipc/host';
import * as m from '../../paraglide/messages';
import { refusalSentence } from '../../shared/fileWords';
import { dayAndTime, percent, time } from '../../shared/format';

export type SendAction = { label: string; does: SendDecision | 'copy' | 'details' | 'reschedule'; hint?: string };

/** What would leave at once: of no use while the platform refuses. */
export const LEAVES: readonly SendAction['does'][] = ['retry', 'send_again', 'send_now'];

export interface SendLine {
  tone: 'quiet' | 'warn' | 'bad';
  text: string;
  actions: SendAction[];
  /** Later messages wait behind this one. */
  behind: number;
}

/** Parts that leave one after the other wait for less than this. */
const PASSING_MS = 4_000;

export function sendLine(message: Message, platform: string, name: string, now: number): SendLine | null {
  const send = message.send;
  const line = stateLine(message, platform, name, now);
  if (!line || !send?.parts) return line;
  const { part, sent, all } = send.parts;
  const why = send.reason?.kind;
  // What is decided for one part is decided for all: the last of them offers it.
  if (part < all && (why === 'held' || why === 'scheduled' || why === 'stale' || why === 'behind_earlier')) return null;
  if (why === 'behind_earlier') return now - send.since > PASSING_MS ? line : null;
  return sent > 0 && sent < all ? { ...line, text: `${m.send_parts({ sent, all })} ${line.text}` } : line;
}

function stateLine(message: Message, platform: string, name: string, now: number): SendLine | null {
  const send = message.send;
  if (!send) return null;
  const at = dayAndTime(send.since, now);
  const details: SendAction = { label: m.details(), does: 'details' };
  const edit: SendAction = { label: m.edit(), does: 'edit' };
  const copy: SendAction = { label: m.copy(), does: 'copy' };
  const discard: SendAction = { label: m.discard(), does: 'discard' };
  switch (send.state) {
    case 'queued':
      return queued(message, platform, now, [edit, discard]);
    case 'uploading':
      return {
        tone: 'quiet',
        text: send.upload && send.upload.sent > 0 ? m.send_uploading({ percent: percent(send.upload.sent / send.upload.total) }) : m.send_uploading_soon(),
        actions: [{ label: m.cancel(), does: 'edit', hint: m.cancel_upload_hint() }],
        behind: 0,
      };
    case 'sending':
    case 'accepted':
      return null;
    case 'settled':
      return { tone: 'quiet', text: m.send_settled(), actions: [], behind: 0 };
    case 'failed':
      return {
        tone: 'bad',
        text: failure(send.reason, platform, at),
        actions: [{ label: m.retry(), does: 'retry' }, edit, ...(message.text === null ? [] : [copy]), details],
        behind: 0,
      };
    case 'unknown':
      return {
        tone: 'warn',
        text: send.next_at === null
          ? m.send_unknown_open({ why: unclear(send.reason, platform, time(send.since)) })
          : m.send_unknown({ why: unclear(send.reason, platform, time(send.since)), minutes: Math.max(1, Math.ceil((send.next_at - now) / 60_000)) }),
        actions: [details],
        behind: send.waiting_behind,
      };
    case 'needs_review':
      return {
        tone: 'warn',
        text: m.send_needs_review({ name, time: at }),
        actions: [
          { label: m.check_again(), does: 'check_again' },
          { label: m.it_arrived(), does: 'it_arrived' },
          { label: m.send_again(), does: 'send_again', hint: m.send_again_hint() },
          details,
        ],
        behind: send.waiting_behind,
      };
  }
}

function queued(message: Message, platform: string, now: number, back: SendAction[]): SendLine | null {
  const send = message.send;
  switch (send?.reason?.kind) {
    case 'offline':
      return { tone: 'quiet', text: m.send_offline(), actions: back, behind: 0 };
    case 'rate_limited':
      return { tone: 'quiet', text: send.next_at === null ? m.send_rate_limited_soon({ platform }) : m.send_rate_limited({ platform, time: dayAndTime(send.next_at, now) }), actions: back, behind: 0 };
    case 'paused':
      return { tone: 'warn', text: m.send_paused(), actions: back, behind: 0 };
    case 'behind_earlier':
      return { tone: 'quiet', text: m.send_behind(), actions: back, behind: 0 };
    case 'held':
      return { tone: 'quiet', text: m.send_held(), actions: [{ label: m.undo(), does: 'edit' }, { label: m.send_now(), does: 'send_now' }], behind: 0 };
    case 'scheduled':
      return {
        tone: 'quiet',
        text: m.send_scheduled({ time: dayAndTime(send.next_at ?? send.since, now) }),
        actions: [{ label: m.send_now(), does: 'send_now' }, { label: m.send_other_time(), does: 'reschedule' }, ...back],
        behind: 0,
      };
    case 'stale': {
      const other: SendAction[] = send.reason.why === 'missed' ? [{ label: m.send_other_time(), does: 'reschedule' }] : [];
      return { tone: 'warn', text: stale(send.reason.why, dayAndTime(message.at, now)), actions: [{ label: m.send_now(), does: 'send_now' }, ...other, ...back], behind: send.waiting_behind };
    }
    default:
      return null;
  }
}

function stale(why: StaleCause | undefined, time: string): string {
  switch (why) {
    case 'moved_on':
      return m.send_stale_moved_on({ time });
    case 'missed':
      return m.send_stale_missed({ time });
    default:
      return m.send_stale({ time });
  }
}

function failure(reason: SendReason | null, platform: string, at: string): string {
  switch (reason?.kind) {
    case 'window_closed':
      return m.failed_window_closed({ platform, time: at });
    case 'recipient':
      return m.failed_recipient({ platform, time: at });
    case 'permission':
      return m.failed_permission({ platform, time: at });
    case 'other_apps_thread':
      return m.failed_other_apps_thread({ platform, time: at });
    case 'restricted':
      return m.failed_restricted({ platform, time: at });
    case 'too_long':
      return m.failed_too_long({ platform, time: at });
    case 'file':
      return m.failed_file({ time: at, why: refusalSentence(reason.reason, platform) });
    case 'rejected':
      return m.failed_rejected({ platform, said: reason.said, time: at });
    case 'expired':
      return m.failed_expired({ time: at });
    default:
      return m.failed_other({ time: at });
  }
}

function unclear(reason: SendReason | null, platform: string, at: string): string {
  switch (reason?.kind) {
    case 'interrupted':
      return m.unclear_interrupted({ time: at });
    case 'restored':
      return m.unclear_restored({ time: at });
    case 'unclear_answer':
      return m.unclear_answer({ platform, time: at });
    default:
      return m.unclear_no_answer({ platform, time: at });
  }
}
