import { describe, expect, it } from 'vitest';
import type { Gap, Message } from '../ipc/host';
import { GROUP_MS, items } from './items';
import { message } from './test-support';

const NOON = new Date(2026, 3, 5, 12).getTime();
const DAY = 86_400_000;
const whole = { start: true, end: true };
const gap = (change: Partial<Gap>): Gap => ({ conversation: 1, from: null, to: null, count: null, reason: 'no_overlap', next_try: null, ...change });
const draw = (messages: Message[], gaps: Gap[] = [], divider: number | null = null, span = whole) => items({ messages, gaps, divider, whole: span });

describe('the rows of a thread', () => {
  it('begins each local day with its heading', () => {
    const rows = draw([message(1, { at: NOON }), message(2, { at: NOON + 1_000 }), message(3, { at: NOON + DAY })]);
    expect(rows.map((row) => row.day)).toEqual([true, false, true]);
  });

  it('groups messages of one sender within five minutes', () => {
    const rows = draw([message(1, { at: NOON }), message(2, { at: NOON + GROUP_MS - 1 }), message(3, { at: NOON + GROUP_MS * 2 }), message(4, { at: NOON + GROUP_MS * 2 + 1, direction: 'out' })]);
    expect(rows.map((row) => [row.first, row.last])).toEqual([[true, false], [false, true], [true, true], [true, true]]);
  });

  it('breaks a group at the unread divider and at a gap', () => {
    const three = [message(1, { at: NOON }), message(2, { at: NOON + 1 }), message(3, { at: NOON + 2 })];
    expect(draw(three, [], 2).map((row) => row.first)).toEqual([true, true, false]);
    expect(draw(three, [gap({ from: NOON + 1, to: NOON + 2 })]).map((row) => [row.first, row.gaps.length])).toEqual([[true, 0], [false, 0], [true, 1]]);
  });

  it('draws the beginning only above the oldest message that there is', () => {
    const beginning = gap({ to: NOON, reason: 'beginning' });
    expect(draw([message(1, { at: NOON })], [beginning])[0]?.gaps).toEqual([beginning]);
    expect(draw([message(1, { at: NOON })], [beginning], null, { start: false, end: true })[0]?.gaps).toEqual([]);
  });

  it('draws what is missing of one instant, counted or not', () => {
    const two = [message(1, { at: NOON }), message(2, { at: NOON + 5 })];
    const one = gap({ from: NOON + 5, to: NOON + 5, count: 1 });
    const some = gap({ from: NOON, to: NOON });
    expect(draw(two, [some, one]).map((row) => row.gaps)).toEqual([[some], [one]]);
  });

  it('draws a gap above the oldest loaded row only once it is known what else is there', () => {
    const old = gap({ from: NOON - 10, to: NOON - 5, count: 3 });
    const rows = [message(7, { at: NOON })];
    expect(draw(rows, [old], null, { start: false, end: true })[0]?.gaps).toEqual([]);
    expect(draw([message(3, { at: NOON - 4 }), ...rows], [old], null, whole).map((row) => row.gaps.length)).toEqual([1, 0]);
  });

  it('draws a gap that reaches up to now below the newest message', () => {
    const open = gap({ from: NOON });
    const rows = draw([message(1, { at: NOON - 1 }), message(2, { at: NOON })], [open]);
    expect(rows[1]?.gapsAfter).toEqual([open]);
  });
});
