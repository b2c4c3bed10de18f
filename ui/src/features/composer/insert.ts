/** Text that is put into the composer as if it were typed: at the caret, and taken back by the same key. */

/** Puts `text` there without taking the focus, and the caret behind it. The browser's undo does not learn of it. */
export function add(field: HTMLTextAreaElement, text: string, from: number, to: number): void {
  field.setRangeText(text, from, to, 'end');
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
}

/** Puts `text` in the place of `from`–`to` and leaves `select` of it selected, or the caret behind it. */
export function insert(field: HTMLTextAreaElement, text: string, from: number, to: number, select?: readonly [number, number]): void {
  field.focus();
  field.setSelectionRange(from, to);
  // The one way that the browser's own undo knows of. It tells `input`, as typing does.
  if (!document.execCommand('insertText', false, text)) add(field, text, from, to);
  // Not where the field has changed what was given.
  const [start, end] = select ?? [text.length, text.length];
  if (field.value.startsWith(text, from)) field.setSelectionRange(from + start, from + end);
}
