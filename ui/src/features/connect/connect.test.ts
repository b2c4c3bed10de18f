import { describe, expect, it } from 'vitest';
import { type AyrshareKeys, type KeyCheck, type PlatformCheck, Refused } from '../../ipc/host';
import { host } from '../../state/test-support';
import { Connect } from './connect.svelte';

const platform = (change: Partial<PlatformCheck>): PlatformCheck => ({ platform: 'instagram', state: 'ready', remote_id: null, name: null, username: null, conversations: null, ...change });
const check = (title: string, reference: string, platforms: PlatformCheck[], others: KeyCheck['others'] = []): KeyCheck => ({ profile: { title, reference, platforms }, others, meta: null });
const primary = check('Corner Bakery', 'a', [platform({})], [{ title: 'North Pier', reference: 'b', connected: false }, { title: 'Harbour', reference: 'c', connected: true }]);

describe('connecting a key', () => {
  it('connects the primary profile and leaves out what has no key', async () => {
    const connected: AyrshareKeys[] = [];
    const flow = new Connect(host({ checkAyrshare: () => Promise.resolve(primary), connectAyrshare: (_, keys) => (connected.push(keys), Promise.resolve([])) }));
    flow.apiKey = ' key ';
    await flow.check();
    expect(flow.chosen.map((profile) => profile.title)).toEqual(['Corner Bakery']);
    await flow.connect();
    expect(connected.map((keys) => [keys.api_key, keys.profile_key, keys.x_history])).toEqual([['key', null, null]]);
  });

  it('offers a Profile Key to the row that it belongs to', async () => {
    const answers = [primary, check('Corner Bakery', 'a', [platform({})]), check('North Pier', 'b', [platform({})])];
    const flow = new Connect(host({ checkAyrshare: () => Promise.resolve(answers.shift() ?? primary) }));
    await flow.check();
    const row = flow.profiles[1];
    if (!row) throw new Error('no row');
    row.key = 'profile key';
    await flow.checkProfile(row);
    expect(row.belongsTo?.title).toBe('Corner Bakery');
    expect(row.check).toBeNull();
  });

  it('offers to switch messaging on where a Profile Key can do it, and shows what came of it', async () => {
    const off = [platform({ state: 'messaging_off' })];
    const answers = [check('Corner Bakery', 'a', off, [{ title: 'North Pier', reference: 'b', connected: false }]), check('North Pier', 'b', off)];
    const switched: AyrshareKeys[] = [];
    const flow = new Connect(
      host({
        checkAyrshare: () => Promise.resolve(answers.shift() ?? primary),
        switchMessagingOn: (_, keys) => (switched.push(keys), Promise.resolve(check('North Pier', 'b', [platform({ state: 'link_again' })]))),
      }),
    );
    await flow.check();
    const [first, row] = flow.profiles;
    if (!first || !row) throw new Error('no rows');
    expect([first.switchable, row.switchable]).toEqual([false, false]);
    row.key = ' profile key ';
    await flow.checkProfile(row);
    expect(row.switchable).toBe(true);
    await flow.switchOn(row);
    expect(switched.map((keys) => keys.profile_key)).toEqual(['profile key']);
    expect([row.check?.platforms[0]?.state, row.switchable, row.busy]).toEqual(['link_again', false, false]);
  });

  it('takes X only with both keys', async () => {
    const flow = new Connect(host({ checkAyrshare: () => Promise.resolve(check('North Pier', 'b', [platform({ platform: 'x', state: 'x_keys_missing' })])) }));
    await flow.check();
    expect([flow.hasX, flow.needsXKeys, flow.chosen.length]).toEqual([true, true, 0]);
    flow.xKey = 'key';
    expect(flow.chosen).toHaveLength(0);
    flow.xSecret = 'secret';
    expect(flow.chosen).toHaveLength(1);
  });

  it('says in one sentence why a key was refused and keeps what was typed', async () => {
    const flow = new Connect(host({ checkAyrshare: () => Promise.reject(new Refused({ code: 'profile_key_as_api_key', retry_at: null, detail: '' })) }));
    flow.apiKey = 'wrong';
    await flow.check();
    expect(flow.problem).toContain('Profile Key');
    expect([flow.apiKey, flow.busy, flow.profiles.length]).toEqual(['wrong', false, 0]);
  });
});
