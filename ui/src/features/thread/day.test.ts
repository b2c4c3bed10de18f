import { describe, expect, it } from 'vitest';
import { dayInput, startOfDay } from './day';

describe('a day to jump to', () => {
  it('begins at local midnight', () => {
    const noon = new Date(2026, 4, 3, 12).getTime();
    expect(dayInput(noon)).toBe('2026-05-03');
    expect(startOfDay('2026-05-03')).toBe(new Date(2026, 4, 3).getTime());
  });

  it('is none that the calendar does not have', () => {
    for (const value of ['', '2026-02-30', '2026-13-01', 'tomorrow', '12026-01-01']) expect(startOfDay(value)).toBeNull();
  });
});
