// Connecting a Page through Graph, what its account page tells, and a new token for it.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

const HOUR = 3_600_000;
const FIRST = 'Corner Bakery';

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a world of its own; nothing is connected. */
function meta(name, run, options) {
  test(name, async () => {
    const bridge = await Bridge.start('empty');
    try {
      const { page, problems, close } = await bridge.page(browser, options);
      await run(page, bridge);
      assert.deepEqual(problems, []);
      await close();
    } finally {
      await bridge.stop();
    }
  });
}

const token = (bridge) => bridge.simulator.meta.secrets.page_token;
const tokenField = (page) => page.getByLabel(t('meta_token'), { exact: true });
const control = (bridge, call, body) => bridge.simulator.control(`graph/${call}`, body);

async function choose(page) {
  await page.getByRole('button', { name: /^Meta/ }).click();
  await tokenField(page).waitFor();
}

/** Types a token and asks what it gives access to. */
async function check(page, bridge, given = token(bridge)) {
  await choose(page);
  await page.getByText(t('advanced'), { exact: true }).click();
  await page.getByLabel(t('api_address')).fill(bridge.simulator.meta.api_base);
  await tokenField(page).fill(given);
  await page.getByRole('button', { name: t('check_key'), exact: true }).click();
}

/** Connects the first Page without the page, and reads it once. */
async function connected(bridge) {
  const { api_base, secrets } = bridge.simulator.meta;
  const accounts = await bridge.invoke('connect_meta', { apiBase: api_base, keys: { token: secrets.page_token, app_secret: null, page: null }, name: null });
  await bridge.sync();
  return accounts;
}

async function accountPage(page, account) {
  await page.getByRole('button', { name: t('settings') }).click();
  const name = t('account_name', { business: FIRST, platform: account });
  await page.getByRole('listitem').getByRole('button', { name }).click();
  await page.getByText(t('kept'), { exact: true }).waitFor();
}

/** The field that is wrong says why to who cannot see it. */
async function described(field) {
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  const ids = (await field.getAttribute('aria-describedby')).split(' ');
  return (await Promise.all(ids.map((id) => field.page().locator(`[id="${id}"]`).textContent()))).join(' ');
}

meta('a Page token is checked, told line by line, and connected', async (page, bridge) => {
  await page.getByRole('button', { name: /^Meta/ }).waitFor();
  await check(page, bridge, ` "${token(bridge)}",`);
  await page.getByRole('heading', { name: t('token_found') }).waitFor();
  await page.getByText(t('token_page', { name: FIRST })).waitFor();
  await page.getByText(t('token_no_end'), { exact: true }).waitFor();
  await page.getByText(/\d+ Messenger conversations/).waitFor();
  await page.getByText(/\d+ Instagram conversations/).waitFor();
  const permission = page.getByRole('listitem').filter({ hasText: 'pages_messaging' });
  await permission.filter({ hasText: t('token_granted') }).waitFor();
  await accessible(page, 'what a token gives');
  await page.getByRole('button', { name: t('connect_page'), exact: true }).click();
  await page.getByRole('option').first().waitFor();
  const accounts = await bridge.invoke('accounts');
  assert.deepEqual(accounts.map((one) => [one.platform, one.provider]), [['messenger', 'meta'], ['instagram', 'meta']]);
});

meta('the ten steps name the permissions, and the whole page fits each width', async (page) => {
  await choose(page);
  const steps = page.getByRole('region', { name: t('meta_steps') }).locator('ol > li');
  assert.equal(await steps.count(), 10);
  for (const name of ['pages_show_list', 'pages_messaging', 'instagram_manage_messages']) await steps.getByText(name, { exact: true }).waitFor();
  for (const width of [1280, 900, 600, 360]) {
    await page.setViewportSize({ width, height: 800 });
    await nothingClipped(page, `connecting Meta, ${width} wide`);
  }
  assert.ok(await tokenField(page).evaluate((field) => document.activeElement === field), 'the token has the focus');
  await accessible(page, 'connecting Meta');
});

meta('a personal token offers its Pages; one without messages says why it cannot be chosen', async (page, bridge) => {
  await control(bridge, 'page', { profile: 1, messaging: false });
  const without = bridge.simulator.meta.pages[1].title;
  await check(page, bridge, bridge.simulator.meta.user_token);
  await page.getByRole('heading', { name: t('error_choose_page') }).waitFor();
  const off = page.getByRole('radio', { name: new RegExp(without) });
  assert.ok(await off.isDisabled());
  assert.equal(await page.getByText(t('page_no_messages')).count(), 1);
  await accessible(page, 'the Pages of a personal token');
  await page.getByRole('radio', { name: FIRST }).check();
  await page.getByRole('button', { name: t('page_check') }).click();
  await page.getByText(t('token_page', { name: FIRST })).waitFor();
  await page.getByRole('button', { name: t('connect_page'), exact: true }).click();
  await page.getByRole('option').first().waitFor();
});

meta('every way in which a token is dead is told at its field, with what helps', async (page, bridge) => {
  await check(page, bridge, 'EAAnonsense');
  await page.getByRole('alert').waitFor();
  assert.ok((await described(tokenField(page))).includes(t('error_token_revoked')));
  await accessible(page, 'a token that is none');
  const told = { expired: 'error_token_expired', revoked: 'error_token_revoked', password_changed: 'error_password_changed', no_role: 'error_role_lost', checkpoint: 'error_checkpoint' };
  await tokenField(page).fill(token(bridge));
  for (const [state, key] of Object.entries(told)) {
    await control(bridge, 'token', { state });
    await page.getByRole('button', { name: t('check_key'), exact: true }).click();
    await page.getByRole('alert').getByText(t(key)).waitFor();
    assert.ok((await described(tokenField(page))).includes(t(key)), state);
    const host = state === 'checkpoint' ? 'facebook.com' : 'developers.facebook.com';
    await page.getByRole('button', { name: t('open_host', { host }), exact: true }).waitFor();
    assert.equal(await tokenField(page).inputValue(), token(bridge), 'what was typed stays');
  }
});

meta('an app that signs its calls asks for its secret, at the secret’s field', async (page, bridge) => {
  await control(bridge, 'knobs', { require_proof: true });
  await check(page, bridge);
  const secret = page.getByLabel(t('app_secret'), { exact: true });
  await secret.waitFor();
  assert.ok((await described(secret)).includes(t('error_app_secret_needed')));
  await secret.fill(bridge.simulator.meta.secrets.app_secret);
  await page.getByRole('button', { name: t('check_key'), exact: true }).click();
  await page.getByText(t('token_page', { name: FIRST })).waitFor();
});

meta('Instagram’s switch, a missing permission and an end today are named; what is ready is connected', async (page, bridge) => {
  await control(bridge, 'page', { instagram_access: false });
  await control(bridge, 'token', { expires_in_ms: 60_000 });
  await check(page, bridge);
  await page.getByText(t('token_platform', { platform: 'Instagram', what: t('platform_message_access_off') })).waitFor();
  await page.getByText(t('message_access_how')).waitFor();
  // At midnight the minute is tomorrow's.
  await page.getByText(like('token_ends_today')).or(page.getByText(like('token_ends'))).first().waitFor();
  await page.getByRole('button', { name: t('connect_page'), exact: true }).click();
  await page.getByRole('option').first().waitFor();
  assert.deepEqual((await bridge.invoke('accounts')).map((one) => one.platform), ['messenger']);
});

meta('a Page that is almost empty says why', async (page, bridge) => {
  await page.route('**/invoke/check_meta', async (route) => {
    const response = await route.fetch();
    const json = await response.json();
    for (const one of json.profile.platforms) one.conversations = { count: 1, at_least: false };
    await route.fulfill({ response, json });
  });
  await check(page, bridge);
  await page.getByText(t('token_conversations', { count: 1, shown: 1, platform: 'Messenger' }), { exact: true }).waitFor();
  await page.getByText(t('token_almost_empty')).waitFor();
});

meta('a token without the permission for messages is not connected, and says which is missing', async (page, bridge) => {
  await control(bridge, 'token', { scopes: ['pages_show_list', 'pages_manage_metadata', 'pages_read_engagement'] });
  await check(page, bridge);
  const missing = page.getByRole('listitem').filter({ hasText: 'pages_messaging' });
  await missing.filter({ hasText: t('token_missing') }).waitFor();
  await page.getByText(t('token_nothing_ready')).waitFor();
  assert.equal(await page.getByRole('button', { name: t('connect_page'), exact: true }).count(), 0);
  await control(bridge, 'token', { scopes: ['pages_show_list', 'pages_manage_metadata', 'pages_read_engagement', 'pages_messaging'] });
  await page.getByRole('button', { name: t('check_again') }).click();
  await page.getByRole('button', { name: t('connect_page'), exact: true }).waitFor();
});

meta('the account page tells what is kept, what apps are no longer given, the meter, and what Meta leaves out', async (page, bridge) => {
  await control(bridge, 'usage', { platform: 'instagram', percent: 37 });
  await connected(bridge);
  await until('the whole history', async () => (await bridge.invoke('accounts')).every((one) => one.backfill === 'done'));
  // Read one by one, 25 messages more: as many fall out of what Graph still gives.
  const [chat] = (await bridge.simulator.control('graph/chats')).filter((one) => one.profile === 0 && one.platform === 'instagram' && one.name !== null);
  for (let n = 0; n < 25; n += 1) {
    await control(bridge, 'receive', { platform: 'instagram', person: chat.conversation, text: `Order ${n}` });
    if (n % 8 === 7) await bridge.sync();
  }
  await bridge.sync();
  await accountPage(page, 'Instagram');
  const lost = page.locator('dt', { hasText: t('no_longer_given') }).locator('+ dd');
  assert.ok(Number(await lost.textContent()) >= 5, await lost.textContent());
  await page.getByText(t('left_out_idle_requests')).waitFor();
  await page.getByText(t('left_out_older_than_twenty')).waitFor();
  await page.getByRole('meter').waitFor();
  await page.getByRole('button', { name: t('test'), exact: true }).click();
  await page.getByRole('listitem').filter({ hasText: 'instagram_manage_messages' }).filter({ hasText: t('token_granted') }).waitFor();
  await accessible(page, 'the account page of Graph');
  for (const width of [1280, 900, 600]) {
    await page.setViewportSize({ width, height: 800 });
    await nothingClipped(page, `the account page, ${width} wide`);
  }
});

meta('the gaps of an account are listed in words and lead into their threads', async (page, bridge) => {
  const accounts = await connected(bridge);
  const instagram = accounts.find((one) => one.platform === 'instagram');
  const counted = await until('a counted gap', async () => {
    await bridge.sync();
    const rows = await bridge.invoke('conversations', { query: { platforms: [], business: null, account: instagram.id, state: null, only: null, sort: 'newest' }, after: null, limit: 200 });
    const ids = rows.rows.map((row) => row.id);
    return (await bridge.invoke('gaps', { conversation: null })).find((gap) => gap.count !== null && ids.includes(gap.conversation));
  });
  const [row] = await bridge.invoke('conversations_by_id', { ids: [counted.conversation] });
  await accountPage(page, 'Instagram');
  await page.getByRole('button', { name: like('gaps_show') }).click();
  const list = page.getByRole('list', { name: t('gaps'), exact: true });
  const line = list.getByRole('button', { name: new RegExp(`${counted.count} messages?, `) }).first();
  await line.waitFor();
  await accessible(page, 'the gaps of an account');
  await list.getByRole('button', { name: new RegExp(row.name) }).first().click();
  await page.getByRole('region', { name: t('thread_with', { name: row.name }) }).waitFor();
  await page.getByRole('article').first().waitFor();
});

meta('a dead token is told in the strip; Fix takes a new one and everything goes on', async (page, bridge) => {
  await connected(bridge);
  await page.getByRole('option').first().waitFor();
  await control(bridge, 'token', { state: 'expired' });
  await bridge.sync().catch(() => {});
  await page.getByText(t('health_token_expired')).first().waitFor();
  await page.getByRole('button', { name: t('fix'), exact: true }).first().click();
  await page.getByRole('heading', { name: like('revive_meta_title') }).waitFor();
  await accessible(page, 'a new token');
  await page.getByRole('button', { name: t('check_saved_token') }).click();
  await page.getByRole('alert').getByText(t('error_token_expired')).waitFor();
  // A person's token stands for the Page that was connected.
  await tokenField(page).fill(bridge.simulator.meta.user_token);
  await control(bridge, 'token', { state: 'valid' });
  await page.getByRole('button', { name: t('check_and_save') }).click();
  await page.getByText(t('token_page', { name: FIRST })).waitFor();
  await page.getByRole('button', { name: t('go_to_messages') }).click();
  await bridge.sync();
  await until('all accounts well', async () => (await bridge.invoke('accounts')).every((one) => one.health.kind === 'ok'));
});

meta('Instagram’s switch turned off later: Fix says where it is, and Check now goes on', async (page, bridge) => {
  await connected(bridge);
  await page.getByRole('option').first().waitFor();
  await control(bridge, 'page', { instagram_access: false });
  await bridge.sync().catch(() => {});
  await page.getByText(t('health_message_access_off')).first().waitFor();
  await page.getByRole('button', { name: t('fix'), exact: true }).first().click();
  await page.getByText(t('message_access_how')).waitFor();
  await accessible(page, 'an account with something to do');
  await control(bridge, 'page', { instagram_access: true });
  await page.getByRole('button', { name: t('test'), exact: true }).click();
  await page.getByText(t('message_access_how')).waitFor({ state: 'detached' });
  await until('all accounts well', async () => {
    await bridge.sync();
    return (await bridge.invoke('accounts')).every((one) => one.health.kind === 'ok');
  });
});

meta('a second account begins with the choice of the provider, and Back returns to it', async (page, bridge) => {
  await connected(bridge);
  await page.getByRole('option').first().waitFor();
  await page.getByRole('button', { name: t('add_account') }).click();
  await page.getByRole('heading', { name: t('connect_title') }).waitFor();
  await accessible(page, 'the choice of the provider');
  await page.getByRole('button', { name: /^Ayrshare/ }).click();
  await page.getByLabel(t('api_key'), { exact: true }).waitFor();
  await page.getByRole('button', { name: t('back') }).click();
  await page.getByRole('button', { name: /^Meta/ }).click();
  await tokenField(page).waitFor();
});

meta('a token of another Page is refused where it is typed', async (page, bridge) => {
  const [first] = await connected(bridge);
  await page.getByRole('option').first().waitFor();
  await accountPage(page, 'Messenger');
  await page.getByRole('button', { name: t('fix_reconnect_meta') }).click();
  await tokenField(page).fill(bridge.simulator.meta.pages[1].secrets.page_token);
  await page.getByRole('button', { name: t('check_and_save') }).click();
  await page.getByRole('alert').waitFor();
  assert.ok((await described(tokenField(page))).includes(t('error_other_profiles_key')));
  assert.equal((await bridge.invoke('accounts')).find((one) => one.id === first.id).health.kind, 'ok');
});

test('connecting Meta has no accessibility problem in the dark', async () => {
  const bridge = await Bridge.start('empty');
  try {
    const { page, close } = await bridge.page(browser, { theme: 'dark' });
    await check(page, bridge, bridge.simulator.meta.user_token);
    await page.getByRole('heading', { name: t('error_choose_page') }).waitFor();
    await accessible(page, 'the Pages, dark');
    await page.getByRole('radio').first().check();
    await page.getByRole('button', { name: t('page_check') }).click();
    await page.getByText(like('token_page')).first().waitFor();
    await accessible(page, 'what a token gives, dark');
    await close();
  } finally {
    await bridge.stop();
  }
});
