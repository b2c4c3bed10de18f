/** What an attachment that is no picture says on its card. Names and texts are a stranger's. */
import type { Attachment, MediaFailure, MediaState, MessageKind } from '../../ipc/host';
import * as m from '../../paraglide/messages';
import { fileSize } from '../../shared/files';
import { kindWord } from '../../shared/words';

/** A story is gone after a day (`reference/meta-graph.md` 10), and an answer to it is never older than it. */
const STORY_MS = 24 * 60 * 60_000;

export interface Card {
  /** What kind of thing it is, small. */
  kind: string;
  title: string | null;
  detail: string | null;
  link: { url: string; host: string; label: string } | null;
  /** Why there is nothing to open, where that is worth a word. */
  without: string | null;
}

const STORIES: readonly MessageKind[] = ['story_reply', 'story_mention'];
const SEEN_ONCE = ['ephemeral', 'view_once'];

/** `at`: when the message came. */
export function cardOf(attachment: Attachment, at: number, now: number): Card {
  const { kind, type_name: type, name: title, detail } = attachment;
  const story = STORIES.includes(kind);
  const once = type !== null && SEEN_ONCE.includes(type);
  const target = once || (story && now >= at + STORY_MS) ? null : linkOf(attachment.url);
  const unknown = kind === 'unknown' && type !== null;
  return {
    kind: once ? m.seen_once() : unknown ? readable(type) : kindWord(kind),
    title,
    detail,
    link: target && { ...target, label: story ? m.open_story() : m.open_on({ host: target.host }) },
    without: target ? null : story ? m.story_gone() : kind === 'unknown' && !once ? m.no_link() : null,
  };
}

/** Only what `open_link` opens, with the host it truly goes to. */
function linkOf(address: string | null): { url: string; host: string } | null {
  if (address === null || !URL.canParse(address)) return null;
  const url = new URL(address);
  const plain = url.username === '' && url.password === '';
  return plain && (url.protocol === 'https:' || url.protocol === 'http:') ? { url: url.href, host: url.host } : null;
}

/** The provider's own word, `product_template`, as a person reads it. */
function readable(type: string): string {
  const words = type.replaceAll(/[_-]+/g, ' ').trim();
  return words.charAt(0).toLocaleUpperCase() + words.slice(1);
}

export interface Missing {
  text: string;
  /** What the button says that fetches it, if that can help. */
  action: string | null;
}

const failures: Record<MediaFailure, () => string> = { gone: m.media_gone, too_large: m.media_too_large, unreadable: m.media_unreadable, refused: m.media_refused };

/** Why there is no copy yet, or none at all. `null`: there is one, or nothing to fetch. */
export function missing(file: MediaState, size: number | null): Missing | null {
  switch (file.kind) {
    case 'ready':
    case 'link':
      return null;
    case 'waiting':
      return { text: m.media_waiting(), action: null };
    case 'evicted':
      return { text: m.media_evicted(), action: m.fetch_again() };
    case 'failed':
      if (file.reason === 'too_large') return { text: size === null ? m.media_too_large() : m.media_too_large_size({ size: fileSize(size) }), action: m.fetch() };
      return { text: failures[file.reason](), action: file.reason === 'unreadable' ? m.try_again() : null };
  }
}
