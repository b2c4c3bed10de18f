import { describe, expect, it } from 'vitest';
import { pieces, withFilter, without } from './marks';

const text = (marked: ReturnType<typeof pieces>) => marked.map((piece) => (piece.mark ? `[${piece.text}]` : piece.text)).join('');

describe('a snippet', () => {
  it('is cut where its marks say, in code units', () => {
    expect(text(pieces({ text: '🎂 a cake, cake', marks: [[5, 9], [11, 15]], cut_before: true, cut_after: false }))).toBe('…🎂 a [cake], [cake]');
  });

  it('without marks is itself', () => {
    expect(pieces({ text: '<b>x</b>', marks: [], cut_before: false, cut_after: false })).toEqual([{ text: '<b>x</b>', mark: false }]);
    expect(pieces({ text: '', marks: [], cut_before: false, cut_after: false })).toEqual([]);
  });
});

describe('a filter', () => {
  it('is taken out where it stands', () => {
    const part = { start: 5, end: 14, filter: { kind: 'unread' } as const, known: true };
    expect(without('cake is:unread blue', part)).toBe('cake blue');
    expect(without('cake is:unread', part)).toBe('cake');
  });

  it('is put before what is typed', () => {
    expect(withFilter('cake', 'has:image')).toBe('has:image cake');
    expect(withFilter('', 'has:image')).toBe('has:image ');
  });
});
