// Files as a browser has them, made by the page itself: no binaries in the tree.

/** A picture of one colour. */
export async function picture(page, type = 'image/png', [width, height] = [300, 200]) {
  const base64 = await page.evaluate(([type, width, height]) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const drawing = canvas.getContext('2d');
    drawing.fillStyle = 'teal';
    drawing.fillRect(0, 0, width, height);
    return canvas.toDataURL(type).split(',')[1];
  }, [type, width, height]);
  return Buffer.from(base64, 'base64');
}

/** What a file chooser hands over. */
export const chosen = (name, mimeType, buffer) => ({ name, mimeType, buffer });

/** Fires an event that carries a file, at the first element of `selector`: `paste`, `dragover`, `drop`. */
export async function carry(page, selector, event, { name, mimeType, buffer }) {
  await page.evaluate(([selector, event, name, type, base64]) => {
    const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([bytes], name, { type }));
    const how = { bubbles: true, cancelable: true };
    const fired = event === 'paste' ? new ClipboardEvent(event, { ...how, clipboardData: data }) : new DragEvent(event, { ...how, dataTransfer: data });
    document.querySelector(selector).dispatchEvent(fired);
  }, [selector, event, name, mimeType, buffer.toString('base64')]);
}

/** A GIF that shows two colours in turn. */
export function gif() {
  const frame = [0x21, 0xf9, 4, 0, 20, 0, 0, 0, 0x2c, 0, 0, 0, 0, 2, 0, 2, 0, 0];
  // Four pixels of one colour, in codes of three bits; each after a clear code, so that these never grow.
  const pixels = (colour) => {
    const bits = [4, colour, 4, colour, 4, colour, 4, colour, 5].reduce((sum, code, i) => sum + BigInt(code) * 8n ** BigInt(i), 0n);
    return [2, 4, ...[0n, 8n, 16n, 24n].map((shift) => Number((bits >> shift) & 255n)), 0];
  };
  return Buffer.from([
    ...Buffer.from('GIF89a'), 2, 0, 2, 0, 0x80, 0, 0, 200, 60, 40, 40, 90, 200,
    0x21, 0xff, 11, ...Buffer.from('NETSCAPE2.0'), 3, 1, 0, 0, 0,
    ...frame, ...pixels(0), ...frame, ...pixels(1), 0x3b,
  ]);
}

/** Half a second of silence. */
export function wav(rate = 8_000) {
  const data = Buffer.alloc(rate);
  const head = Buffer.alloc(44);
  head.write('RIFF', 0);
  head.writeUInt32LE(36 + data.length, 4);
  head.write('WAVEfmt ', 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36);
  head.writeUInt32LE(data.length, 40);
  return Buffer.concat([head, data]);
}
