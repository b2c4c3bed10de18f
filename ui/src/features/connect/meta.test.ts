import { describe, expect, it } from 'vitest';
import { type ErrorCode, type KeyCheck, type MetaKeys, type OfferedPage, Refused } from '../../ipc/host';
import { host } from '../../state/test-support';
import { cleanToken, MetaConnect, problemOf } from './meta.svelte';

const refused = (code: ErrorCode) => new Refused({ code, retry_at: null, detail: '' });
const page: KeyCheck = {
  profile: { title: 'Corner Bakery', reference: '1', platforms: [{ platform: 'messenger', state: 'ready', remote_id: '1', name: 'Corner Bakery', username: null, conversations: { count: 3, at_least: false } }] },
  others: [],
  meta: { expires_at: null, data_access_until: null, permissions: [], pages: [] },
};
const personal = (...pages: OfferedPage[]): KeyCheck => ({
  profile: { title: '', reference: null, platforms: [] },
  others: [],
  meta: { expires_at: null, data_access_until: null, permissions: [], pages },
});
const offered = (id: string, may_message = true): OfferedPage => ({ id, name: `Page ${id}`, may_message });

describe('connecting a Page', () => {
  it('takes a token as it is copied from an answer of Graph', () => {
    expect(cleanToken(' "EAA\nabc", ')).toBe('EAAabc');
  });

  it('asks with the token alone and connects what was shown', async () => {
    const asked: MetaKeys[] = [];
    const flow = new MetaConnect(host({ checkMeta: (_, keys) => (asked.push(keys), Promise.resolve(page)), connectMeta: (_, keys) => (asked.push(keys), Promise.resolve([])) }));
    flow.token = ' EAA ';
    await flow.look();
    expect([flow.stage, flow.ready]).toEqual(['result', true]);
    await flow.connect();
    expect(asked).toEqual(Array(2).fill({ token: 'EAA', app_secret: null, page: null }));
  });

  it('lets a person choose a Page, and chooses the only one that can be', async () => {
    const asked: (string | null)[] = [];
    const answers = [personal(offered('1'), offered('2', false)), page];
    const flow = new MetaConnect(host({ checkMeta: (_, keys) => (asked.push(keys.page), Promise.resolve(answers.shift() ?? page)) }));
    flow.token = 'EAA';
    await flow.look();
    expect([flow.stage, flow.page]).toEqual(['pages', '1']);
    await flow.lookAtPage();
    expect([flow.stage, asked]).toEqual(['result', [null, '1']]);
    flow.again();
    expect(flow.stage).toBe('pages');
    flow.again();
    expect(flow.stage).toBe('token');
  });

  it('chooses for nobody who has a choice, and says when there is none', async () => {
    const answers = [personal(offered('1'), offered('2')), personal()];
    const flow = new MetaConnect(host({ checkMeta: () => Promise.resolve(answers.shift() ?? page) }));
    await flow.look();
    expect([flow.stage, flow.page]).toEqual(['pages', null]);
    flow.again();
    await flow.look();
    expect([flow.stage, flow.problem?.field]).toEqual(['token', 'token']);
  });

  it('tells each refusal at the field that mends it, with the address that helps', () => {
    expect(problemOf(refused('app_secret_needed')).field).toBe('app_secret');
    expect(problemOf(refused('bad_api_base')).field).toBe('api_base');
    for (const code of ['token_expired', 'token_revoked', 'password_changed', 'role_lost'] as const) expect(problemOf(refused(code))).toMatchObject({ field: 'token', open: expect.stringContaining('explorer') });
    expect(problemOf(refused('checkpoint')).open).toContain('facebook.com');
    expect(problemOf(refused('offline'))).toMatchObject({ field: 'form', open: null, text: expect.stringContaining('Meta') });
  });

  it('goes back to the field when the token dies on the way', async () => {
    const flow = new MetaConnect(host({ checkMeta: () => Promise.resolve(page), connectMeta: () => Promise.reject(refused('token_expired')) }));
    flow.token = 'EAA';
    await flow.look();
    expect(await flow.connect()).toBe(false);
    expect([flow.stage, flow.token, flow.problem?.field]).toEqual(['token', 'EAA', 'token']);
  });
});
