import { describe, expect, it } from 'vitest';
import type { Gap } from '../ipc/host';
import * as m from '../paraglide/messages';
import { time } from './format';
import { gapLabel, gapSentence, gapTime } from './gaps';

const NOW = new Date(2026, 10, 22, 12).getTime();
const at = (hours: number, minutes: number, daysAgo = 0) => new Date(2026, 10, 22 - daysAgo, hours, minutes).getTime();
const gap = (change: Partial<Gap>): Gap => ({ conversation: 1, from: at(8, 3), to: at(9, 40), count: null, reason: 'no_overlap', next_try: null, ...change });

describe('a gap in words', () => {
  it('tells its time once, and its day once', () => {
    expect(gapTime(gap({}), NOW)).toBe(`${time(at(8, 3))}–${time(at(9, 40))}`);
    expect(gapTime(gap({ to: at(8, 3), count: 1 }), NOW)).toBe(time(at(8, 3)));
    expect(gapTime(gap({ from: at(8, 3, 1), to: at(9, 40, 1) }), NOW)).toMatch(/^\w+\S* .*–/u);
    expect(gapTime(gap({ from: at(8, 0, 21), to: at(9, 0, 10) }), NOW)).not.toContain(':');
  });

  it('counts where the provider lists ids, also before the history', () => {
    const beginning = gap({ reason: 'beginning', count: 25 });
    expect(gapSentence(beginning, 'Instagram', NOW)).toContain('25');
    expect(gapLabel(beginning)).toContain('25');
  });

  it('says of a second that more was written in than a page shows that some may be missing', () => {
    const instant = gap({ to: at(8, 3) });
    expect(gapSentence(instant, 'Instagram', NOW)).toBe(m.gap_instant({ when: time(at(8, 3)) }));
    expect(gapLabel(instant)).toBe(m.gap_label_estimated());
    expect(gapSentence({ ...instant, count: 2 }, 'Instagram', NOW)).toContain('2');
  });

  it('says of one that passes when it is tried next, and of the others nothing of the sort', () => {
    const next_try = at(12, 31);
    expect(gapSentence(gap({ next_try }), 'Instagram', NOW)).toBe(m.gap_passing({ platform: 'Instagram', time: time(next_try) }));
    expect(gapSentence(gap({}), 'Instagram', NOW)).toBe(m.gap_estimated({ when: gapTime(gap({}), NOW) }));
    expect(gapSentence(gap({ reason: 'beginning', from: null }), 'Instagram', NOW)).toBe(m.gap_beginning({ platform: 'Instagram' }));
    expect(gapSentence(gap({ reason: 'not_chosen', from: null }), 'X', NOW)).toBe(m.gap_not_chosen());
  });
});
