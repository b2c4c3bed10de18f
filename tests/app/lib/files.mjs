// Files as a shop would send them, made here: a picture that does not compress well, a document of any size.
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { crc32, deflateSync } from 'node:zlib';

/** A PNG of this size: a sky, a table, grain. */
export function picture(width = 640, height = 480) {
  const rows = Buffer.alloc((width * 3 + 1) * height);
  const grain = randomBytes(width * height);
  for (let y = 0, at = 0; y < height; y += 1) {
    rows[at++] = 0;
    for (let x = 0; x < width; x += 1) {
      const noise = (grain[y * width + x] >> 4) - 8;
      const table = y > height * 0.62 + Math.abs(x - width / 2) / 9;
      for (const part of table ? [146, 98, 62] : [120 + y / 5, 168 + y / 8, 214]) rows[at++] = Math.max(0, Math.min(255, part + noise));
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, 2, 0, 0, 0], 8);
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', header), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))]);
}

/** A PDF with as many bytes: nobody looks inside. */
export function pdf(bytes = 2_000) {
  return Buffer.concat([Buffer.from('%PDF-1.4\n'), randomBytes(bytes), Buffer.from('\n%%EOF\n')]);
}

/** Writes a file into the home folder of a desktop; answers its path. */
export async function inHome(desktop, name, bytes) {
  const path = `${desktop.folder}/home/${name}`;
  await writeFile(path, bytes);
  return path;
}

function chunk(kind, data) {
  const body = Buffer.concat([Buffer.from(kind, 'latin1'), data]);
  const whole = Buffer.alloc(body.length + 8);
  whole.writeUInt32BE(data.length, 0);
  body.copy(whole, 4);
  whole.writeUInt32BE(crc32(body), body.length + 4);
  return whole;
}
