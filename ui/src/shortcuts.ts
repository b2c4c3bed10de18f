/** The keys that work everywhere. Single letters never fire inside a text field. */
import { type App } from './state/app.svelte';

const SECTIONS = ['rail', 'list', 'timeline', 'composer'];

export function handleKey(app: App, event: KeyboardEvent): void {
  // A dialog, a menu, or the element itself was first.
  if (event.defaultPrevented || app.dialog !== null || document.querySelector('[role="menu"]')) return;
  if (run(app, event)) event.preventDefault();
}

function run(app: App, event: KeyboardEvent): boolean {
  const { key } = event;
  const control = event.ctrlKey || event.metaKey;
  if (key === 'F6') return nextSection(event.shiftKey ? -1 : 1);
  if (control && !event.altKey && !event.shiftKey) {
    if (key === ',') return done(app.show({ kind: 'settings', account: null }));
    if (key === '/') return done((app.dialog = { kind: 'shortcuts' }));
    const account = /^[1-9]$/.test(key) ? app.accounts.all[Number(key) - 1] : undefined;
    if (account) return done(app.only(account.id));
  }
  if (control && key.toLowerCase() === 'f') return done(event.shiftKey || !app.thread || app.view.kind !== 'messages' ? app.search() : app.find());
  if (app.view.kind !== 'messages') return key === '?' && !isTyping(event) ? done((app.dialog = { kind: 'shortcuts' })) : false;
  if (event.altKey && !control && (key === 'ArrowDown' || key === 'ArrowUp')) {
    const step = key === 'ArrowDown' ? 1 : -1;
    const id = app.list.neighbour(step, (row) => !event.shiftKey || row.unread > 0);
    return id === null ? true : done(app.open(id));
  }
  if (control && !event.altKey && app.thread) {
    const { thread } = app;
    if (key.toLowerCase() === 'u' && !event.shiftKey) return done((app.wantsFiles += 1));
    // With ⌘ the arrow goes to the beginning of the text.
    if (key === 'ArrowUp' && event.ctrlKey && !event.shiftKey) return done(app.quote(thread.messages.findLast((message) => app.canQuote(message))));
    if (key.toLowerCase() === 'e' && event.shiftKey) return done(app.reactToLast());
  }
  if (key === 'Escape' && event.shiftKey) return done(void app.markAllRead());
  if (control || event.altKey || isTyping(event)) return false;
  const row = app.list.selectedRow;
  switch (key) {
    case '?':
      return done((app.dialog = { kind: 'shortcuts' }));
    case 'e':
      return row ? done(void app.setState(row, row.state.kind === 'done' ? { kind: 'open' } : { kind: 'done' })) : false;
    case 'r':
      return row ? done((app.wantsComposer += 1)) : false;
    default:
      return false;
  }
}

function done(_: unknown): true {
  return true;
}

function isTyping(event: KeyboardEvent): boolean {
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || /^(?:INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

/** Moves the focus to the next part of the window that is on screen. */
function nextSection(step: 1 | -1): boolean {
  const sections = SECTIONS.map((name) => document.querySelector<HTMLElement>(`[data-section="${name}"]`)).filter(
    (section): section is HTMLElement => section !== null && section.offsetParent !== null,
  );
  const current = sections.findIndex((section) => section.contains(document.activeElement));
  const next = sections[(current + step + sections.length) % sections.length];
  const target = next?.querySelector<HTMLElement>('[role="option"][tabindex="0"], textarea, [aria-current="true"]');
  const fallback = next?.matches('[tabindex="0"]') ? next : next?.querySelector<HTMLElement>('button, [tabindex="0"]');
  (target && next?.dataset['section'] !== 'timeline' ? target : fallback)?.focus();
  return true;
}
