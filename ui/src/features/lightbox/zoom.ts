/** How large a picture is shown and where: `scale` 1 is fitted to the window; `x`, `y` move it from the middle, in CSS pixels. */
export interface View {
  scale: number;
  x: number;
  y: number;
}

export interface Size {
  width: number;
  height: number;
}

export const FITTED: View = { scale: 1, x: 0, y: 0 };
const MOST = 8;

/** `factor` times larger; what lies under `at` (from the middle of the stage) stays there. */
export function zoomed(view: View, factor: number, at: { x: number; y: number }, picture: Size, stage: Size): View {
  const scale = Math.min(MOST, Math.max(1, view.scale * factor));
  const by = scale / view.scale;
  return held({ scale, x: at.x - (at.x - view.x) * by, y: at.y - (at.y - view.y) * by }, picture, stage);
}

export function moved(view: View, dx: number, dy: number, picture: Size, stage: Size): View {
  return held({ ...view, x: view.x + dx, y: view.y + dy }, picture, stage);
}

/** No edge of a picture that is larger than the stage comes inside it; a smaller one stays in the middle. */
function held(view: View, picture: Size, stage: Size): View {
  const room = (size: number, space: number) => Math.max(0, (size * view.scale - space) / 2);
  const within = (value: number, most: number) => Math.min(most, Math.max(-most, value)) || 0;
  return { scale: view.scale, x: within(view.x, room(picture.width, stage.width)), y: within(view.y, room(picture.height, stage.height)) };
}
