/** What a file of a draft is, as it will be sent, and what was changed for that. */
import type { OutgoingFile } from '../../ipc/host';
import * as m from '../../paraglide/messages';
import { clock, fileSize, fileType } from '../../shared/files';
import { changeWords } from '../../shared/fileWords';
import { count } from '../../shared/format';

/** *JPEG · 253 kB · 640 × 480 · turned upright* */
export function facts(file: OutgoingFile): string {
  const words = [
    fileType(file.mime, null) ?? fileType(null, file.name),
    file.bytes === null ? null : fileSize(file.bytes),
    file.width && file.height ? m.file_pixels({ width: count(file.width), height: count(file.height) }) : null,
    file.duration_ms === null ? null : clock(file.duration_ms / 1000),
    ...file.changes.map(changeWords),
  ];
  return words.filter((word) => word !== null).join(' · ');
}
