/** What is missing, in one sentence. */
import type { Gap } from '../ipc/host';
import * as m from '../paraglide/messages';
import { count, dayAndTime, days, time } from './format';
import { brands } from './words';

/** *18:03–19:40*, with the day where it is not today; *1–12 Nov* of several days; one instant stands alone. */
export function gapTime(gap: Gap, now: number): string {
  const { from, to } = gap;
  if (from === null) return to === null ? '' : m.gap_until({ to: dayAndTime(to, now) });
  const begins = dayAndTime(from, now);
  if (to === null) return m.gap_since({ from: begins });
  if (time(from) === time(to) && to - from < 60_000) return begins;
  if (to - from >= 2 * 86_400_000) return days(from, to);
  const sameDay = new Date(from).toDateString() === new Date(to).toDateString();
  return m.gap_between({ from: begins, to: sameDay ? time(to) : dayAndTime(to, now) });
}

/** More was written in one second than a page shows: how much, and how long it took, nobody tells. */
function isInstant(gap: Gap): boolean {
  return gap.count === null && gap.reason === 'no_overlap' && gap.from !== null && gap.to !== null && gap.to - gap.from < 1000;
}

export function gapSentence(gap: Gap, platform: string, now: number): string {
  if (gap.reason === 'not_chosen') return m.gap_not_chosen();
  if (gap.count !== null) return m.gap_counted({ count: gap.count, shown: count(gap.count), when: gapTime(gap, now), platform });
  if (gap.next_try !== null) return m.gap_passing({ platform, time: dayAndTime(gap.next_try, now) });
  if (isInstant(gap)) return m.gap_instant({ when: gapTime(gap, now) });
  if (gap.reason === 'beginning' || gap.from === null) return platform === brands.x ? m.gap_beginning_x() : m.gap_beginning({ platform });
  return m.gap_estimated({ when: gapTime(gap, now) });
}

/** The same in two words, for a list. */
export function gapLabel(gap: Gap): string {
  if (gap.count !== null) return m.gap_label_counted({ count: gap.count, shown: count(gap.count) });
  if (gap.reason === 'not_chosen') return m.gap_label_not_chosen();
  return gap.reason === 'beginning' || gap.from === null ? m.gap_label_beginning() : m.gap_label_estimated();
}
