/** When a message shall leave: local times in the computer's own zone, as `<input type="datetime-local">` has them. */
import type { LedgerEntry, ReplyWindow } from '../../ipc/host';
import { kindWord } from '../../shared/words';

const two = (n: number) => String(n).padStart(2, '0');

/** *2026-11-22T09:00* */
export function localInput(at: number): string {
  const d = new Date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** The instant of such a value; an hour that a change of clocks leaves out is the one after it. */
export function instant(value: string): number | null {
  const at = /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? new Date(value).getTime() : NaN;
  return Number.isNaN(at) ? null : at;
}

/** `days` from today at `hour` o'clock, by the calendar and not by 24 hours. */
export function dayAt(now: number, days: number, hour: number): number {
  const d = new Date(now);
  return new Date(d.getFullYear(), d.getMonth(), d.getDate() + days, hour).getTime();
}

/** Days from today to the next Monday: 1 to 7. */
export function toMonday(now: number): number {
  return (8 - new Date(now).getDay()) % 7 || 7;
}

/** What is planned never passes a window that is not open then. */
export function mayLeave(window: ReplyWindow, at: number): boolean {
  return window.kind === 'none' || (window.kind === 'open' && at < window.until);
}

/** It was to leave while Backscroll was closed, and waits for the user's word. */
export function missed(entry: LedgerEntry): boolean {
  return entry.parts.some((part) => part.reason?.kind === 'stale');
}

/** What it says, in one line. */
export function words(entry: LedgerEntry): string {
  const part = entry.parts.find((one) => one.text !== null) ?? entry.parts[0];
  return part?.text ?? kindWord(part?.kind ?? 'unknown');
}
