/** What was changed in a file so that it may be sent, and why one cannot be: a few words, a sentence. */
import type { FileChange, FileRefusal } from '../ipc/host';
import * as m from '../paraglide/messages';
import { clock, fileSize, fileType } from './files';
import { count } from './format';

export function changeWords(change: FileChange): string {
  switch (change.kind) {
    case 'turned':
      return m.file_turned();
    case 'metadata_removed':
      return m.file_metadata_removed();
    case 'colours_converted':
      return m.file_colours_converted();
    case 'stilled':
      return m.file_stilled();
    case 'recompressed':
      return m.file_recompressed();
    case 'shrunk':
      return m.file_shrunk({ width: count(change.from_width), height: count(change.from_height) });
    case 'converted':
      return m.file_converted({ from: fileType(change.from, null) ?? change.from });
  }
}

export function refusalSentence(refusal: FileRefusal, platform: string): string {
  switch (refusal.kind) {
    case 'unreadable':
      return m.refused_unreadable();
    case 'empty':
      return m.refused_empty();
    case 'damaged':
      return m.refused_damaged();
    case 'wrong_type': {
      // A name that nobody would say (`application/vnd.microsoft.portable-executable`) is none.
      const type = fileType(refusal.mime, null);
      return type === null ? m.refused_unknown_type({ platform }) : m.refused_wrong_type({ platform, type });
    }
    case 'save_as_jpeg':
      return m.refused_save_as_jpeg();
    case 'too_large':
      return m.refused_too_large({ platform, size: fileSize(refusal.bytes), limit: fileSize(refusal.limit) });
    case 'too_many_pixels':
      return m.refused_too_many_pixels({ width: count(refusal.width), height: count(refusal.height) });
    case 'too_many_frames':
      return m.refused_too_many_frames({ platform, frames: count(refusal.frames), limit: count(refusal.limit) });
    case 'length': {
      const [length, longest, shortest] = [refusal.ms, refusal.longest_ms, refusal.shortest_ms].map((ms) => clock((ms ?? 0) / 1000));
      return refusal.ms < refusal.shortest_ms
        ? m.refused_too_short({ platform, length: length ?? '', shortest: shortest ?? '' })
        : m.refused_too_long({ platform, length: length ?? '', longest: longest ?? '' });
    }
    case 'disk_full':
      return m.refused_disk_full();
    case 'not_public':
      return m.refused_not_public();
    case 'address_gone':
      return m.refused_address_gone();
    case 'address_silent':
      return m.refused_address_silent();
    case 'larger_than':
      return m.refused_larger_than({ platform, limit: fileSize(refusal.limit) });
    case 'took_too_long':
      return m.refused_took_too_long();
    case 'interrupted':
      return m.refused_interrupted();
  }
}
