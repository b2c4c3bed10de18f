/** Which pictures move, and whether that is wanted. */
import { MediaQuery } from 'svelte/reactivity';
import type { Attachment } from '../ipc/host';

const reduced = new MediaQuery('(prefers-reduced-motion: reduce)');

/** It shows its first frame until somebody asks for more. The inbox keeps what moves as GIF, and nothing else. */
export function rests({ file, mime }: Attachment): boolean {
  return reduced.current && file.kind === 'ready' && mime === 'image/gif';
}
