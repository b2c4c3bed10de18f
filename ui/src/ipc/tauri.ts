/** The host inside the application. */
import { Channel } from '@tauri-apps/api/core';
import { listen } from '@tauri-apps/api/event';
import { type Change, commands, events } from './bindings';
import { type Host, plain, Refused } from './host';

// On Windows a custom scheme becomes a host of its own.
const media = navigator.userAgent.includes('Windows') ? 'http://media.localhost/' : 'media://localhost/';

export const host: Host = {
  ...plain(commands),
  picksFiles: true,
  mediaUrl: (path) => media + path,
  async listen(listeners) {
    await events.open.listen((event) => listeners.open(event.payload));
    await events.closeRequested.listen((event) => listeners.closeRequested(event.payload.tray));
    // What is dragged inside the page has no paths.
    await listen<{ paths: string[] }>('tauri://drag-enter', (event) => listeners.dragged(event.payload.paths.length > 0));
    await listen('tauri://drag-leave', () => listeners.dragged(false));
    await listen<{ paths: string[] }>('tauri://drag-drop', (event) => {
      listeners.dragged(false);
      if (event.payload.paths.length > 0) listeners.dropped();
    });
    const channel = new Channel<Change[]>();
    channel.onmessage = (changes) => listeners.changes(changes);
    const subscribed = await commands.subscribe(channel);
    if (subscribed.status === 'error') throw new Refused(subscribed.error);
  },
};
