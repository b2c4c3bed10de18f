// The main job, in the real application in a real window: connect, read, receive, be told, answer, quit, start offline.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { Simulator } from '../shared/simulator.mjs';
import { connect, openApp, openConversation, rows, seesBubble, send, tick, trayCount } from './lib/app.mjs';
import { Desktop } from './lib/desktop.mjs';

test('a first day with Backscroll', async (t_) => {
  const desktop = await Desktop.start();
  let simulator = await Simulator.start();
  const address = simulator.address;
  let window;
  t_.after(async () => {
    await window?.close();
    await desktop.close();
    await simulator.stop();
  });
  const chats = await simulator.chats('facebook');
  const ada = chats[0];
  /** Somebody with nothing unread. */
  let ben;

  await t_.test('connects with a key through the page', async () => {
    window = await openApp(desktop);
    await connect(window, simulator);
    assert.ok((await rows(window)).length > 3);
    const query = { platforms: ['messenger'], business: null, account: null, state: null, only: null, sort: 'newest' };
    const page = await window.command('conversations', { query, after: null, limit: 200 });
    ben = chats.find((chat) => page.rows.some((row) => row.remote_id === chat.conversation && row.unread === 0 && row.name === chat.name));
    assert.ok(ben && ben !== ada);
  });

  await t_.test('keeps the key in the keychain and nowhere else', async () => {
    const { execFile } = await import('node:child_process');
    const { promisify } = await import('node:util');
    const found = await promisify(execFile)('grep', ['-rlF', simulator.secrets.api_key, `${desktop.folder}/data/backscroll`]).catch((none) => none);
    assert.equal(found.stdout, '', 'the key is in a file of the data folder');
    const keyrings = await promisify(execFile)('find', [`${desktop.folder}/data/keyrings`, '-name', '*.keyring']);
    assert.notEqual(keyrings.stdout, '');
  });

  await t_.test('reads a thread', async () => {
    await openConversation(window, ada.name);
    await until('bubbles', async () => (await window.run(`() => document.querySelectorAll('article').length`)) > 1);
  });

  let count;
  await t_.test('shows a tray item whose menu begins with the count', async () => {
    await desktop.trayItem();
    const menu = (await desktop.tray()).menu.map((entry) => entry.label).filter(Boolean);
    assert.ok(menu.includes(t('tray_open')) && menu.includes(t('tray_quit')), menu.join(', '));
    const counts = await window.command('counts');
    count = counts.unread;
    await until('the count', async () => (await trayCount(desktop)).includes(String(count)));
  });

  await t_.test('tells of a new message on the desktop, and a click opens it', async () => {
    // Twenty minutes ago is over: whoever writes now was not read before.
    await simulator.inbound(ben, 'Are you open on <b>Sunday</b>?');
    const told = await desktop.notification((event) => event.body.includes('Sunday'), { within: 150_000 });
    assert.ok(told.summary.startsWith(ben.name), told.summary);
    // The body is markup to this server: what the customer wrote arrives as text.
    assert.equal(told.body, 'Are you open on &lt;b&gt;Sunday&lt;/b&gt;?');
    await until('the count goes up', async () => (await trayCount(desktop)).includes(String(count + 1)));
    await desktop.clickNotification(told.id);
    await until('its conversation', async () => (await window.run(`() => document.querySelector('main h2')?.textContent`)) === ben.name);
    await seesBubble(window, 'Are you open on <b>Sunday</b>?');
    assert.equal(desktop.events.filter((event) => event.event === 'notify' && event.body.includes('Sunday')).length, 1, 'announced once');
  });

  await t_.test('reading it counts down', async () => {
    await desktop.focus(await desktop.windowId());
    await until('the count goes down', async () => (await trayCount(desktop)).includes(String(count)));
  });

  await t_.test('withdraws the notification of what was read without it', async () => {
    await simulator.control('flags', { inbound_drops_cache: true });
    await simulator.inbound(ada, 'One more thing');
    await window.command('sync_once', { account: null });
    const told = await desktop.notification((event) => event.body === 'One more thing');
    await openConversation(window, ada.name);
    await until('it is closed', () => desktop.events.some((event) => event.event === 'close' && event.id === told.id));
  });

  await t_.test('sends an answer once and shows that it was accepted', async () => {
    await send(window, 'On Sunday from eight to noon.');
    await seesBubble(window, 'On Sunday from eight to noon.');
    await until('accepted', async () => [t('sent'), t('read')].includes(await tick(window, 'On Sunday from eight')));
    assert.equal(await simulator.deliveries('On Sunday from eight to noon.'), 1);
  });

  await t_.test('raises the one window when it is started again', async () => {
    const { Child } = await import('../shared/process.mjs');
    const second = new Child(process.env.BACKSCROLL_DESKTOP_BIN, [], { env: desktop.env });
    const { code } = await second.ended;
    assert.equal(code, 0, second.stderr);
    assert.ok((await rows(window)).length > 0, 'the first one is still there');
  });

  await t_.test('quits from the tray', async () => {
    await desktop.clickTray(t('tray_quit'));
    await until('the window is gone', async () => await window.run('() => true').then(() => false, () => true));
    await window.close();
    window = undefined;
  });

  await t_.test('starts without a network and still has everything', async () => {
    await simulator.stop();
    window = await openApp(desktop);
    await until('the list', async () => (await rows(window)).length > 3);
    await openConversation(window, ada.name);
    await seesBubble(window, 'On Sunday from eight to noon.');
    assert.notEqual(await tick(window, 'On Sunday from eight'), t('not_sent'));
  });

  await t_.test('what is written offline waits and leaves once', async () => {
    await send(window, 'And fresh bread from nine.');
    await seesBubble(window, 'And fresh bread from nine.');
    await until('it waits', async () => (await tick(window, 'And fresh bread')) === t('state_queued'));
    simulator = await Simulator.start({ listen: address });
    await window.command('woke_up');
    const delivered = await simulator.deliveries('And fresh bread from nine.', 60_000).catch(async (error) => {
      const health = (await window.command('accounts')).map((account) => account.health);
      const lines = await window.run(`() => [...document.querySelectorAll('.why')].map((e) => e.textContent)`);
      throw new Error(`${error.message}; ${JSON.stringify(health)}; ${lines.join(' | ')}`);
    });
    assert.equal(delivered, 1);
    await until('accepted', async () => [t('sent'), t('read')].includes(await tick(window, 'And fresh bread')));
    assert.equal(await simulator.deliveries('And fresh bread from nine.'), 1);
  });
});
