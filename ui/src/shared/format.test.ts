import { describe, expect, it } from 'vitest';
import { ago, dayHeading, rowTime, span } from './format';
import { initials, textSize } from './words';

const NOW = new Date(2026, 10, 21, 14, 0).getTime();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const words = { today: 'Today', yesterday: 'Yesterday' };

describe('times in words', () => {
  it('says what is left in hours and minutes, rounded down', () => {
    expect(span(3 * HOUR + 12 * MINUTE + 59_000)).toBe('3 h 12 min');
    expect(span(20_000)).toBe('1 min');
    expect(span(30 * HOUR + 5 * MINUTE)).toBe('30 h');
    expect(span(72 * HOUR)).toBe('3 days');
  });

  it('goes by calendar days, not by 24 hours', () => {
    const lastNight = new Date(2026, 10, 20, 23, 59).getTime();
    expect(rowTime(lastNight, NOW, 'Yesterday')).toBe('Yesterday');
    expect(dayHeading(lastNight, NOW, words)).toBe('Yesterday');
    expect(dayHeading(NOW, NOW, words)).toBe('Today');
  });

  it('names the year of another year', () => {
    expect(dayHeading(new Date(2024, 2, 3).getTime(), NOW, words)).toContain('2024');
    expect(dayHeading(new Date(2026, 2, 3).getTime(), NOW, words)).not.toContain('2026');
  });

  it('never tells an age from the future', () => {
    expect(ago(NOW + HOUR, NOW)).toContain('0');
  });
});

describe('names and sizes', () => {
  it('has two letters for Latin names and one where letters join or stand for words', () => {
    expect(['Ines Duarte', 'ana', '山本 柚子', 'ريم الخطيب', '🙂'].map(initials)).toEqual(['ID', 'A', '山', 'ر', '#']);
  });

  it('counts in the unit of the platform', () => {
    expect(textSize('é👍', { max: 10, unit: 'characters' })).toBe(2);
    expect(textSize('é👍', { max: 10, unit: 'bytes' })).toBe(6);
  });
});
