import { describe, expect, it } from 'vitest';
import { FITTED, moved, zoomed } from './zoom';

const stage = { width: 1000, height: 800 };
const picture = { width: 900, height: 800 };

describe('zooming', () => {
  it('keeps under the pointer what is there', () => {
    const at = { x: 200, y: -100 };
    const view = zoomed(FITTED, 2, at, picture, stage);
    // The point of the picture under `at`, before and after.
    expect((at.x - view.x) / view.scale).toBeCloseTo(at.x);
    expect((at.y - view.y) / view.scale).toBeCloseTo(at.y);
  });

  it('never gets smaller than fitted, and comes back to the middle', () => {
    const near = zoomed(FITTED, 4, { x: 300, y: 300 }, picture, stage);
    expect(zoomed(near, 0.01, { x: 0, y: 0 }, picture, stage)).toEqual(FITTED);
  });

  it('cannot be dragged out of the window', () => {
    const near = zoomed(FITTED, 2, { x: 0, y: 0 }, picture, stage);
    expect(moved(near, 10_000, -10_000, picture, stage)).toEqual({ scale: 2, x: 400, y: -400 });
    expect(moved(FITTED, 50, 50, picture, stage)).toEqual(FITTED);
  });
});
