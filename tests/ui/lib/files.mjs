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
