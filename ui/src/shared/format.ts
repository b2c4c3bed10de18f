/** Dates, times, ages, sizes and counts, as the user's locale writes them. No date library: `Intl` has it all. */
import * as m from '../paraglide/messages';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const formats = new Map<string, Intl.DateTimeFormat>();

// An Intl.DateTimeFormat costs some 50 µs to make; a thread draws a hundred times.
function date(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = JSON.stringify(options);
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.DateTimeFormat(undefined, options)));
  return format;
}

const numbers = new Intl.NumberFormat();

// *09:05*, but *9:05 AM*: a leading zero belongs to the 24-hour clock.
const twelve = new Intl.DateTimeFormat(undefined, { hour: 'numeric' }).resolvedOptions().hourCycle?.startsWith('h1') ?? false;
const clock: Intl.DateTimeFormatOptions = { hour: twelve ? 'numeric' : '2-digit', minute: '2-digit' };

/** *3,940* */
export function count(n: number): string {
  return numbers.format(n);
}

/** *40 %*, of 1 */
export function percent(of: number): string {
  return new Intl.NumberFormat(undefined, { style: 'percent' }).format(of);
}

/** *14:21* */
export function time(at: number): string {
  return date(clock).format(at);
}

/** *Fri 17:52* within a week of `now`, else with the date; only the time on the same day. */
export function dayAndTime(at: number, now: number): string {
  const days = Math.abs(dayNumber(now) - dayNumber(at));
  if (days === 0) return time(at);
  if (days < 7) return date({ weekday: 'short', ...clock }).format(at);
  return date({ day: 'numeric', month: 'short', ...clock }).format(at);
}

/** For the tooltip of every time: the whole date. */
export function whole(at: number): string {
  return date({ dateStyle: 'full', timeStyle: 'medium' }).format(at);
}

/** *3 Mar 2024* */
export function shortDate(at: number): string {
  return date({ day: 'numeric', month: 'short', year: 'numeric' }).format(at);
}

/** *1–12 Nov*, *28 Oct – 3 Nov* */
export function days(from: number, to: number): string {
  const year = new Date(from).getFullYear() === new Date(to).getFullYear() && new Date(to).getFullYear() === new Date().getFullYear() ? undefined : 'numeric';
  return date({ day: 'numeric', month: 'short', year }).formatRange(from, to);
}

/** What a row of the list says: the time today, *Yesterday*, the weekday within a week, else the date. */
export function rowTime(at: number, now: number, yesterday: string): string {
  const days = dayNumber(now) - dayNumber(at);
  if (days <= 0) return time(at);
  if (days === 1) return yesterday;
  if (days < 7) return date({ weekday: 'short' }).format(at);
  if (new Date(at).getFullYear() === new Date(now).getFullYear()) return date({ day: 'numeric', month: 'short' }).format(at);
  return date({ day: 'numeric', month: 'short', year: '2-digit' }).format(at);
}

/** A heading between days: *Today*, *Yesterday*, *Tuesday, 17 November*, with the year when it is another one. */
export function dayHeading(at: number, now: number, words: { today: string; yesterday: string }): string {
  const days = dayNumber(now) - dayNumber(at);
  if (days === 0) return words.today;
  if (days === 1) return words.yesterday;
  const year = new Date(at).getFullYear() === new Date(now).getFullYear() ? undefined : 'numeric';
  return date({ weekday: 'long', day: 'numeric', month: 'long', year }).format(at);
}

/** *3 h 12 min*, *12 min*, *2 days*: what is left or has passed, rounded down. */
export function span(ms: number): string {
  if (ms >= 2 * DAY) return m.span_days({ count: Math.floor(ms / DAY) });
  const hours = Math.floor(ms / HOUR);
  const minutes = Math.floor((ms % HOUR) / MINUTE);
  if (hours === 0) return m.span_minutes({ minutes: Math.max(1, minutes) });
  if (minutes === 0 || hours >= 24) return m.span_hours({ hours });
  return `${m.span_hours({ hours })} ${m.span_minutes({ minutes })}`;
}

/** *3 h* or *40 min*: for a chip. */
export function shortSpan(ms: number): string {
  return ms >= HOUR ? m.span_hours({ hours: Math.floor(ms / HOUR) }) : m.span_minutes({ minutes: Math.max(1, Math.floor(ms / MINUTE)) });
}

/** *12 s ago*, *3 min ago* */
export function ago(at: number, now: number): string {
  const ms = Math.max(0, now - at);
  if (ms < MINUTE) return m.ago_seconds({ seconds: Math.floor(ms / 1000) });
  return m.ago({ span: span(ms) });
}

/** *$5.00*: what X bills is in US dollars. */
export function dollars(cents: number): string {
  return new Intl.NumberFormat(undefined, { style: 'currency', currency: 'USD' }).format(cents / 100);
}

/** Names: *Ana and Ben* */
export function list(names: string[]): string {
  return new Intl.ListFormat(undefined, { type: 'conjunction' }).format(names);
}

/** Local calendar days since 1970, so that clock changes do not shift a day. */
function dayNumber(at: number): number {
  const d = new Date(at);
  return Math.round(Date.UTC(d.getFullYear(), d.getMonth(), d.getDate()) / DAY);
}
