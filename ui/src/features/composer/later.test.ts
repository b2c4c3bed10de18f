import { describe, expect, it } from 'vitest';
import { dayAt, instant, localInput, mayLeave, toMonday } from './later';

const sunday = new Date(2026, 10, 22, 17, 5).getTime();

describe('a time to send at', () => {
  it('is a local one, there and back', () => {
    expect(localInput(sunday)).toBe('2026-11-22T17:05');
    expect(instant('2026-11-22T17:05')).toBe(sunday);
    expect(instant('')).toBeNull();
    expect(instant('2026-99-22T17:05')).toBeNull();
  });

  it('counts days by the calendar', () => {
    expect(localInput(dayAt(sunday, 1, 9))).toBe('2026-11-23T09:00');
    expect(localInput(dayAt(sunday, 9, 9))).toBe('2026-12-01T09:00');
    expect(toMonday(sunday)).toBe(1);
    expect(toMonday(new Date(2026, 10, 23).getTime())).toBe(7);
    expect(toMonday(new Date(2026, 10, 28).getTime())).toBe(2);
  });

  it('must lie in an open window', () => {
    expect(mayLeave({ kind: 'none' }, sunday)).toBe(true);
    expect(mayLeave({ kind: 'open', until: sunday + 1 }, sunday)).toBe(true);
    expect(mayLeave({ kind: 'open', until: sunday }, sunday)).toBe(false);
    expect(mayLeave({ kind: 'uncertain' }, sunday)).toBe(false);
  });
});
