import { describe, expect, it } from 'vitest';
import type { AttachRules, FileState, OutgoingFile, OutgoingKind } from '../../ipc/host';
import { fileProblem, moved } from './files';

const messenger: AttachRules = { images: 1, videos: 1, audios: 1, files: 1, at_once: 10, text: 'own_message' };
const x: AttachRules = { images: 1, videos: 1, audios: 0, files: 0, at_once: 1, text: 'required' };
const file = (kind: OutgoingKind | null, state: FileState = { kind: 'ready' }): OutgoingFile => ({ id: 1, conversation: 1, name: 'a', state, kind, mime: null, bytes: 1, width: null, height: null, duration_ms: null, thumbnail: null, blur: null, picture: null, changes: [] });

describe('files of a draft', () => {
  it('say what keeps them from being sent, the part of the user first', () => {
    const preparing = file(null, { kind: 'preparing' });
    const refused = file(null, { kind: 'refused', reason: { kind: 'empty' } });
    expect(fileProblem([], x, false)).toBeNull();
    expect(fileProblem([file('image')], messenger, false)).toBeNull();
    expect(fileProblem([preparing, file('image')], messenger, false)).toEqual({ kind: 'preparing' });
    expect(fileProblem([preparing, refused], messenger, false)).toEqual({ kind: 'refused' });
    expect(fileProblem(Array.from({ length: 11 }, () => file('image')), messenger, true)).toEqual({ kind: 'too_many', most: 10 });
    expect(fileProblem([file('audio')], x, true)).toEqual({ kind: 'not_here', what: 'audio' });
    expect(fileProblem([file('image')], x, false)).toEqual({ kind: 'text_needed' });
    expect(fileProblem([file('image')], x, true)).toBeNull();
  });

  it('move within the list', () => {
    expect(moved([1, 2, 3], 0, 2)).toEqual([2, 3, 1]);
    expect(moved([1, 2, 3], 2, 0)).toEqual([3, 1, 2]);
    expect(moved([1, 2, 3], 1, 9)).toEqual([1, 3, 2]);
    expect(moved([1, 2, 3], 1, -4)).toEqual([2, 1, 3]);
    expect(moved([1], 5, 0)).toEqual([1]);
  });
});
