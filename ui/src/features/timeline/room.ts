/** The room of a picture in the thread: kept before it comes, and for as long as the thread is open. */
import type { Attachment } from '../../ipc/host';
import type { Room, Timeline } from '../../state/timeline.svelte';

const MOST_WIDTH = 360;
const MOST_HEIGHT = 320;
/** Large enough for a sentence and a button, should it never come. */
const UNKNOWN: Room = { width: 260, height: 180 };

export function roomOf(thread: Timeline, attachment: Attachment): Room {
  const known = thread.rooms.get(attachment.id);
  if (known) return known;
  const room = fitted(attachment);
  thread.rooms.set(attachment.id, room);
  return room;
}

function fitted({ kind, width, height }: Attachment): Room {
  if (!width || !height) return kind === 'video' ? { width: 320, height: 180 } : UNKNOWN;
  const scale = Math.min(1, MOST_WIDTH / width, MOST_HEIGHT / height);
  return { width: Math.max(64, Math.round(width * scale)), height: Math.max(48, Math.round(height * scale)) };
}
