import { describe, expect, it } from 'vitest';
import type { SendProgress } from '../../ipc/host';
import { message } from '../../state/test-support';
import { sendLine } from './send';

const queued = (reason: SendProgress['reason']): SendProgress => ({ state: 'queued', reason, since: 0, next_at: null, waiting_behind: 0, upload: null, parts: null });
const offered = (reason: SendProgress['reason']) => sendLine(message(1, { direction: 'out', send: queued(reason) }), 'Instagram', 'Ines', 0)?.actions.map((action) => action.does);

describe('what waits for a word of the user', () => {
  it('offers another time where a time was missed, and only there', () => {
    expect(offered({ kind: 'stale', why: 'missed' })).toEqual(['send_now', 'reschedule', 'edit', 'discard']);
    expect(offered({ kind: 'stale', why: 'offline' })).toEqual(['send_now', 'edit', 'discard']);
    expect(offered({ kind: 'scheduled' })).toEqual(['send_now', 'reschedule', 'edit', 'discard']);
  });
});
