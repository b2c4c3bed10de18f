/** One sound or film plays at a time. */
let current: HTMLMediaElement | null = null;

/** It began to play: whatever else played pauses. */
export function plays(element: HTMLMediaElement): void {
  if (current !== element) current?.pause();
  current = element;
}

/** It leaves the page. An element without a document would play on. */
export function leaves(element: HTMLMediaElement | null): void {
  element?.pause();
  if (current === element) current = null;
}
