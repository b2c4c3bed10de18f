// A Page through Meta's own API, in the real application in a real window: connect, every kind of message, what is missing,
// sound from the file that was kept, without a network.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { Simulator } from '../shared/simulator.mjs';
import { bubbles, connectPage, openApp, openByName, seesBubble, send, tick } from './lib/app.mjs';
import { Desktop } from './lib/desktop.mjs';

test('a Page with its Instagram account', async (t_) => {
  const desktop = await Desktop.start();
  const simulator = await Simulator.start();
  let window;
  t_.after(async () => {
    await window?.close();
    await desktop.close();
    await simulator.stop();
  });

  await t_.test('is connected by its token through the page', async () => {
    window = await openApp(desktop);
    await connectPage(window, simulator);
    const accounts = await window.command('accounts');
    assert.deepEqual(accounts.map((one) => [one.platform, one.provider]), [['messenger', 'meta'], ['instagram', 'meta']]);
  });

  await t_.test('shows the kinds of messages that only Graph tells', async () => {
    await openByName(window, 'Priya Nair');
    const kinds = await until('the kinds', async () => {
      const { rows } = await everything(window);
      const id = rows.find((row) => row.name === 'Priya Nair').id;
      const { messages } = await window.command('thread', { conversation: id, position: { kind: 'newest' }, limit: 100 });
      const kinds = new Set(messages.flatMap((message) => message.attachments.map((file) => file.kind)));
      return kinds.size > 6 && kinds;
    }, 60_000);
    for (const kind of ['image', 'audio', 'video', 'file', 'share', 'product', 'template']) assert.ok(kinds.has(kind), `${kind} of ${[...kinds]}`);
  });

  await t_.test('plays a voice message from the copy that was kept', async () => {
    const { rows } = await everything(window);
    const id = rows.find((row) => row.name === 'Priya Nair').id;
    const audio = await until('the copy of a sound', async () => {
      const { messages } = await window.command('thread', { conversation: id, position: { kind: 'newest' }, limit: 100 });
      return messages.flatMap((message) => message.attachments).find((file) => file.kind === 'audio' && file.file.kind === 'ready');
    }, 60_000);
    const address = await window.command('media_address', { attachment: audio.id });
    assert.match(address, /^http:\/\/127\.0\.0\.1:\d+\//);
    const seconds = await window.runAsync(`async (address) => {
      const sound = new Audio(address);
      sound.muted = true;
      await new Promise((done, fail) => { sound.onloadedmetadata = done; sound.onerror = () => fail(new Error('error ' + sound.error?.code)); });
      return sound.duration;
    }`, address);
    assert.ok(seconds > 0, `${seconds} s`);
  });

  await t_.test('says what is missing, counted, where Instagram gives only the newest twenty', async () => {
    const [gap, name] = await until('a counted gap with somebody who has a name', async () => {
      const { rows } = await everything(window);
      const all = await window.command('gaps', { conversation: null });
      const named = (gap) => rows.find((row) => row.id === gap.conversation)?.name ?? null;
      const gap = all.find((one) => one.count > 0 && named(one) !== null);
      return gap && [gap, named(gap)];
    }, 60_000);
    await openByName(window, name);
    await window.run(`() => { const pane = document.querySelector('[data-section=timeline]'); pane.scrollTop = 0; }`);
    await until('the gap', async () => (await window.run(`() => document.querySelector('[data-section=timeline]').innerText`)).includes(String(gap.count)));
  });

  await t_.test('answers, and the platform says that it is sent', async () => {
    await openByName(window, 'Priya Nair');
    await send(window, 'Saturday it is, for six.');
    await seesBubble(window, 'Saturday it is, for six.');
    await until('sent', async () => [t('sent'), t('read')].includes(await tick(window, 'Saturday it is, for six.')));
  });

  await t_.test('a dead token is told with what helps, and the history stays', async () => {
    await simulator.control('graph/token', { state: 'expired' });
    await window.command('sync_once', { account: null }).catch(() => {});
    await window.find('button', t('fix_reconnect_meta'));
    assert.ok((await bubbles(window)).length > 3);
  });
});

async function everything(window) {
  const query = { platforms: [], business: null, account: null, state: null, only: null, sort: 'newest' };
  return await window.command('conversations', { query, after: null, limit: 200 });
}
