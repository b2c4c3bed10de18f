import { describe, expect, it } from 'vitest';
import type { Host, MediaItem, MessageKind } from '../../ipc/host';
import { host } from '../../state/test-support';
import { Gallery } from './gallery.svelte';

const item = (id: number, kind: MessageKind = 'image'): MediaItem => ({
  message: id, at: id, direction: 'in', place: String(id),
  attachment: { id, kind, type_name: null, url: null, name: null, detail: null, mime: null, size: null, file: { kind: 'ready', path: `a/${id}` }, width: 4, height: 3, blur: null },
});

/** A conversation whose media have the ids `count` down to 1, as the inbox pages them. */
function conversation(count: number, kind: (id: number) => MessageKind = () => 'image') {
  const asked: (string | null)[] = [];
  const mediaOf: Host['mediaOf'] = (_, before, limit) => {
    asked.push(before);
    const from = before === null ? count : Number(before) - 1;
    return Promise.resolve(Array.from({ length: Math.min(limit, Math.max(0, from)) }, (_, i) => item(from - i, kind(from - i))));
  };
  return { asked, open: (id: number) => new Gallery(host({ mediaOf }), 1, item(id)) };
}

describe('the pictures of a conversation', () => {
  it('shows what was asked for before anything was read, then finds its place', async () => {
    const gallery = conversation(900).open(300);
    expect(gallery.shown.attachment.id).toBe(300);
    await gallery.start();
    expect(gallery.shown.attachment.id).toBe(300);
    gallery.newer();
    expect(gallery.shown.attachment.id).toBe(301);
  });

  it('pages to the oldest and no further', async () => {
    const gallery = conversation(450).open(450);
    await gallery.start();
    for (let i = 0; i < 500; i += 1) await gallery.older();
    expect(gallery.shown.attachment.id).toBe(1);
    expect(gallery.hasOlder).toBe(false);
    gallery.newest();
    expect(gallery.shown.attachment.id).toBe(450);
    expect(gallery.hasNewer).toBe(false);
  });

  it('jumps to the oldest, however far', async () => {
    const { open, asked } = conversation(1_000);
    const gallery = open(1_000);
    await gallery.start();
    await gallery.oldest();
    expect(gallery.shown.attachment.id).toBe(1);
    expect(new Set(asked).size).toBe(asked.length);
  });

  it('passes over sounds and files', async () => {
    const gallery = conversation(9, (id) => (id % 3 === 0 ? 'audio' : 'image')).open(8);
    await gallery.start();
    const seen = [gallery.shown.attachment.id];
    while (gallery.hasOlder) {
      await gallery.older();
      seen.push(gallery.shown.attachment.id);
    }
    expect(seen).toEqual([8, 7, 5, 4, 2, 1]);
  });

  it('stays where it is when there is nothing older', async () => {
    const gallery = conversation(1).open(1);
    await gallery.start();
    await gallery.older();
    expect(gallery.index).toBe(0);
    expect([gallery.hasOlder, gallery.hasNewer]).toEqual([false, false]);
  });
});
