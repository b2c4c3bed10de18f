/** Hands files of the browser (pasted, picked, dropped on a page that is no window of ours) over to a draft. */
import { type ConversationId, type Host, Refused } from '../../ipc/host';

/** What passes through the page is held in memory several times; the inbox takes no more either. */
const MOST_BYTES = 60_000_000;

/** One after the other: their order is the order of sending. Rejects at the first that cannot be handed over. */
export async function hand(host: Host, conversation: ConversationId, files: readonly File[]): Promise<void> {
  for (const file of files) {
    if (file.size > MOST_BYTES) throw new Refused({ code: 'bad_file', retry_at: null, detail: 'too many bytes' });
    await host.attachBytes(conversation, file.name, await base64(file));
  }
}

function base64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(typeof reader.result === 'string' ? (reader.result.split(',')[1] ?? '') : '');
    // A folder, or a file that went.
    reader.onerror = () => reject(new Refused({ code: 'bad_file', retry_at: null, detail: 'unreadable' }));
    reader.readAsDataURL(file);
  });
}
