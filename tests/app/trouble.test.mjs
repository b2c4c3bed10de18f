// What goes wrong, in the real window: each gets a plain sentence and the one action that helps.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { stat } from 'node:fs/promises';
import { t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { Simulator } from '../shared/simulator.mjs';
import { connect, giveKey, openApp, openConversation, rows, seesBubble, send, tick } from './lib/app.mjs';
import { Desktop } from './lib/desktop.mjs';

/** A test with a desktop, a simulator and a window of its own. */
function trouble(name, parts, run) {
  test(name, async (context) => {
    const desktop = await Desktop.start(parts);
    const simulator = await Simulator.start();
    let window;
    context.after(async () => {
      await window?.close();
      await desktop.close();
      await simulator.stop();
    });
    window = await openApp(desktop);
    await run(window, { desktop, simulator });
  });
}

trouble('a wrong key is refused in its field and nothing is saved', {}, async (window, { simulator }) => {
  await giveKey(window, simulator, 'WRONG-KEY');
  await window.sees(t('error_key_refused'));
  assert.deepEqual(await window.command('accounts'), []);
  assert.deepEqual(await window.command('connections'), []);
});

trouble('a key that expires stops its accounts with one button, and a new one revives them', {}, async (window, { simulator }) => {
  await connect(window, simulator);
  const [chat] = await simulator.chats('facebook');
  await openConversation(window, chat.name);
  const { api_key } = await simulator.control('revoke-key', {});
  await window.command('sync_once', { account: null }).catch(() => {});
  await window.find('button', t('fix_reconnect'));
  const held = (await rows(window)).length;
  assert.ok(held > 0, 'the history stays');

  await window.click('button', t('fix_reconnect'));
  await window.type('textbox', t('api_key'), api_key);
  await window.click('button', t('check_and_save'));
  await until('the accounts work again', async () => {
    const accounts = await window.command('accounts');
    return accounts.length > 0 && accounts.every((account) => !['key_refused', 'secrets_missing'].includes(account.health.kind));
  });
});

trouble('a refused message says so in its bubble and keeps the text', {}, async (window, { simulator }) => {
  await connect(window, simulator);
  const [chat] = await simulator.chats('facebook');
  await openConversation(window, chat.name);
  await simulator.fail({ kind: 'status', http: 400 }, { method: 'POST', path: '/messages' });
  await send(window, 'This one will not pass.');
  await seesBubble(window, 'This one will not pass.');
  await until('not sent', async () => (await tick(window, 'This one will not pass.')) === t('not_sent'));
  await window.find('button', t('retry'));
  assert.equal((await simulator.delivered('This one will not pass.')).length, 0);
});

trouble('without a keychain the keys are in a private file, and the window says so', { keychain: false }, async (window, { desktop, simulator }) => {
  await connect(window, simulator);
  await window.sees(t('keychain_notice'));
  const { mode } = await stat(`${desktop.folder}/data/backscroll/secrets.json`);
  assert.equal(mode & 0o777, 0o600);
});

trouble('without a tray, closing asks whether to keep running or quit', { tray: false }, async (window, { desktop, simulator }) => {
  await connect(window, simulator);
  const id = await desktop.windowId();
  await desktop.askToClose(id);
  await window.find('dialog', t('closing_title'));
  await window.sees(t('closing_no_tray'));
  // It ends before the driver has its answer to the click.
  await window.click('button', t('quit'), { within: '[role=dialog]', wait: 2_000 }).catch(() => {});
  await until('the application has ended', async () => await window.run('() => true').then(() => false, () => true));
});

trouble('with a tray, closing is asked once and keeps the window in the tray', {}, async (window, { desktop, simulator }) => {
  await connect(window, simulator);
  await desktop.trayItem();
  await desktop.askToClose(await desktop.windowId());
  await window.find('dialog', t('closing_title'));
  await window.click('button', t('keep_in_tray'));
  await until('it is remembered', async () => (await window.command('settings')).on_close === 'tray');
  await desktop.clickTray(t('tray_open'));
  await desktop.windowId();
  assert.ok((await rows(window)).length > 0);
});

trouble('without a notification server nothing breaks', { notifications: false }, async (window, { simulator }) => {
  await connect(window, simulator);
  await simulator.control('flags', { inbound_drops_cache: true });
  const [chat] = await simulator.chats('facebook');
  await simulator.inbound(chat, 'Is anybody there?');
  await window.command('sync_once', { account: null });
  await openConversation(window, chat.name);
  await seesBubble(window, 'Is anybody there?');
});
