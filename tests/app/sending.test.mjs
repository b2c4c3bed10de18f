// Files on their way out of the real window: pasted, dropped, taken back, on their way, there; and through a quit in between.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { Simulator } from '../shared/simulator.mjs';
import { connect, connectPage, escaped, openApp, openByName, openConversation, seesBubble } from './lib/app.mjs';
import { Desktop } from './lib/desktop.mjs';
import { inHome, pdf, picture } from './lib/files.mjs';

const SLOW = { kind: 'slow-upload', bytes_per_second: 1_500_000 };

/** The files in the composer, top to bottom: their names, and whether each is ready. */
async function tray(window) {
  return await window.run(`(ready) => [...document.querySelectorAll('form li.file')].map((e) => ({
    name: e.getAttribute('aria-label'), ready: e.querySelector('[role=img]')?.getAttribute('aria-label') === ready, said: e.innerText,
  }))`, t('file_ready'));
}

/** Waits until the composer holds just these files, each made ready; answers them. */
async function holds(window, names) {
  return await until(`${names} in the composer`, async () => {
    const files = await tray(window);
    return files.map((file) => file.name).join() === names.join() && files.every((file) => file.ready) && files;
  });
}

/** Puts the cursor into the composer. */
async function write(window, text = '') {
  await window.click('textbox', like('composer_label'));
  if (text !== '') await window.type('textbox', like('composer_label'), text);
}

/** The files that truly arrived with this person, in order. */
async function arrived(simulator, chat) {
  const ledger = await simulator.control('ledger');
  return ledger.filter((one) => one.conversation === chat.conversation && one.direction === 'out' && one.origin === 'request').flatMap((one) => one.files);
}

/** How often a file of these very bytes arrived there. */
async function copies(simulator, chat, bytes) {
  const hash = createHash('sha256').update(bytes).digest('hex');
  return (await arrived(simulator, chat)).filter((file) => file.sha256 === hash).length;
}

/** The last bubbles are own ones, and accepted. */
async function sent(window, count) {
  const all = () => window.run(`() => [...document.querySelectorAll('article')].slice(-${count}).map((e) => e.querySelector('.tick')?.title)`);
  await until('everything sent', async () => (await all()).every((said) => [t('sent'), t('read')].includes(said)), 60_000);
}

test('files leave the window', async (t_) => {
  const desktop = await Desktop.start();
  const simulator = await Simulator.start();
  let window, id, chat;
  t_.after(async () => {
    await window?.close();
    await desktop.close();
    await simulator.stop();
  });
  const menu = picture();
  const list = pdf(12_000_000);
  const files = {
    menu: await inHome(desktop, 'copied.png', menu),
    list: await inHome(desktop, 'price list.pdf', list),
    terrace: await inHome(desktop, 'terrace café.png', picture(320, 240)),
  };

  await t_.test('a copied picture is pasted', async () => {
    window = await openApp(desktop);
    await connect(window, simulator);
    // An answer in between would have what waits asked about first.
    await simulator.control('knobs', { people_answer: false });
    id = await desktop.windowId();
    await desktop.place(id, 1280, 800);
    [chat] = await simulator.chats('facebook');
    await openConversation(window, chat.name);
    await desktop.copy('image/png', files.menu);
    await write(window, 'Here is our menu.');
    await desktop.focus(id);
    await desktop.keys('ctrl+v');
    const [pasted] = await holds(window, ['image.png']);
    assert.match(pasted.said, /640 × 480/);
    await until('its picture', async () => await window.run(`() => (document.querySelector('form li.file img')?.naturalWidth ?? 0) > 0`));
  });

  await t_.test('text is pasted as text, and what is neither changes nothing', async () => {
    await desktop.copy('UTF8_STRING', await inHome(desktop, 'words', ' Until Friday.'));
    await desktop.keys('ctrl+v');
    const value = () => window.run(`() => document.querySelector('form.composer textarea').value`);
    await until('the text', async () => (await value()) === 'Here is our menu. Until Friday.');
    await desktop.copy('application/x-drawing', files.menu);
    await desktop.keys('ctrl+v');
    const { rows } = await window.command('conversations', { query: { platforms: [], business: null, account: null, state: null, only: null, sort: 'newest' }, after: null, limit: 200 });
    assert.deepEqual(await window.command('attach_copied', { conversation: rows.find((row) => row.name === chat.name).id }), []);
    assert.equal(await value(), 'Here is our menu. Until Friday.');
    await holds(window, ['image.png']);
  });

  await t_.test('two files are dropped, and one is taken out again', async () => {
    const source = await desktop.drag([files.list, files.terrace], 800, 400);
    await window.sees(t('drop_files', { name: chat.name }));
    await desktop.drop(source);
    await holds(window, ['image.png', 'price list.pdf', 'terrace café.png']);
    assert.ok(!(await window.shows(t('drop_files', { name: chat.name }))));
    await window.click('button', t('file_remove', { name: 'terrace café.png' }));
    await holds(window, ['image.png', 'price list.pdf']);
  });

  await t_.test('the upload tells how far it is, and each file arrives once as what it is', async () => {
    await simulator.fail(SLOW, { method: 'POST', path: '/media/upload', times: 2 });
    await window.click('button', t('send'));
    const percents = await until('progress', async () => await window.run(`(pattern) => document.body.innerText.match(new RegExp(pattern))?.[0]`, escaped(t('send_uploading', { percent: '' })) + '\\d'), 20_000);
    assert.ok(percents);
    await until('a bar', async () => await window.run(`() => document.querySelector('progress')?.value > 0`));
    assert.deepEqual(await tray(window), []);
    await seesBubble(window, 'Here is our menu. Until Friday.');
    await sent(window, 3);
    const there = await arrived(simulator, chat);
    assert.deepEqual(there.map((file) => [file.kind, file.content_type]), [['image', 'image/png'], ['file', 'application/pdf']]);
    assert.equal(await copies(simulator, chat, list), 1);
    assert.equal((await simulator.delivered('Here is our menu. Until Friday.')).length, 1);
  });

  await t_.test('copied files are pasted; what cannot be sent says why and holds the others back', async () => {
    const program = await inHome(desktop, 'photo.jpg', Buffer.from('MZ\x90\x00 not a photo', 'latin1'));
    await desktop.copyFiles([program, files.terrace]);
    await write(window);
    await desktop.focus(id);
    await desktop.keys('ctrl+v');
    await window.sees(t('files_refused'));
    const [refused] = await tray(window);
    assert.equal(refused.name, 'photo.jpg');
    assert.equal(refused.ready, false);
    await window.click('button', t('file_remove', { name: 'photo.jpg' }));
    await holds(window, ['terrace café.png']);
    await window.click('button', t('file_remove', { name: 'terrace café.png' }));
    await until('no files', async () => (await tray(window)).length === 0);
  });

  await t_.test('an upload is cancelled, and its file is back in the answer', async () => {
    const before = (await arrived(simulator, chat)).length;
    await desktop.copyFiles([await inHome(desktop, 'old list.pdf', pdf(12_000_000))]);
    await write(window);
    await desktop.keys('ctrl+v');
    await holds(window, ['old list.pdf']);
    await simulator.fail(SLOW, { method: 'POST', path: '/media/upload' });
    await window.click('button', t('send'));
    await window.click('button', t('cancel'));
    await holds(window, ['old list.pdf']);
    assert.equal((await arrived(simulator, chat)).length, before);
    await window.click('button', t('file_remove', { name: 'old list.pdf' }));
  });

  await t_.test('quitting during an upload: it goes on at the next start and arrives once', async () => {
    const late = pdf(12_000_000);
    await desktop.copyFiles([await inHome(desktop, 'contract.pdf', late)]);
    await write(window);
    await desktop.keys('ctrl+v');
    await holds(window, ['contract.pdf']);
    await simulator.fail({ ...SLOW, bytes_per_second: 300_000 }, { method: 'POST', path: '/media/upload' });
    await window.click('button', t('send'));
    await until('the upload', async () => await window.run(`() => document.querySelector('progress') !== null`));
    assert.equal(await copies(simulator, chat, late), 0);
    await desktop.trayItem();
    await desktop.clickTray(t('tray_quit'));
    await until('the window is gone', async () => await window.run('() => true').then(() => false, () => true));
    await window.close();
    window = await openApp(desktop);
    await openByName(window, chat.name);
    await sent(window, 1);
    assert.equal(await copies(simulator, chat, late), 1);
  });

  await t_.test('the page of everything sent lists them', async () => {
    const { rows } = await window.command('ledger', { conversation: null, after: null, limit: 50 });
    assert.equal(rows.filter((row) => row.state === 'accepted').length, 2);
  });
});

test('files are chosen in the desktop’s own dialog', async (t_) => {
  const desktop = await Desktop.start();
  const simulator = await Simulator.start();
  let window, id, chat;
  t_.after(async () => {
    await window?.close();
    await desktop.close();
    await simulator.stop();
  });
  window = await openApp(desktop);
  await connect(window, simulator);
  await simulator.control('knobs', { people_answer: false });
  id = await desktop.windowId();
  await desktop.place(id, 1280, 800);
  [chat] = await simulator.chats('facebook');
  await openConversation(window, chat.name);
  const list = pdf(24_000_000);

  await t_.test('a file is chosen, and leaves with its bytes', async () => {
    const path = await inHome(desktop, 'großer café.pdf', list);
    await window.click('button', t('attach'));
    await desktop.chooseFile(t('attach'), path);
    await holds(window, ['großer café.pdf']);
    await desktop.focus(id);
    await window.click('button', t('send'));
    await sent(window, 1);
    assert.equal(await copies(simulator, chat, list), 1);
  });

  await t_.test('closed without a choice it changes nothing, and opens again', async () => {
    await window.press('Control', 'u');
    await desktop.chooseFile(t('attach'));
    assert.deepEqual(await tray(window), []);
    await desktop.focus(id);
    await window.press('Control', 'u');
    await desktop.chooseFile(t('attach'), await inHome(desktop, 'terrace.png', picture(320, 240)));
    await holds(window, ['terrace.png']);
    await window.click('button', t('file_remove', { name: 'terrace.png' }));
    await until('no files', async () => (await tray(window)).length === 0);
  });

  await t_.test('what is far too large is told so, chosen or dropped, and the window goes on', async () => {
    const refused = () => until('the reason', async () => {
      const [file] = await tray(window);
      if (!like('refused_too_large', { platform: 'Messenger', size: '200 MB' }).test(file?.said ?? '')) throw new Error(JSON.stringify(file));
      return true;
    });
    const album = await inHome(desktop, 'album.pdf', Buffer.from('%PDF-1.4\n'));
    const end = Buffer.from('\n%%EOF\n');
    const handle = await open(album, 'r+');
    await handle.write(end, 0, end.length, 200_000_000 - end.length);
    await handle.close();
    await desktop.focus(id);
    await window.click('button', t('attach'));
    await desktop.chooseFile(t('attach'), album);
    await refused();
    await window.click('button', t('file_remove', { name: 'album.pdf' }));
    await until('no files', async () => (await tray(window)).length === 0);
    const source = await desktop.drag([album], 800, 400);
    await desktop.drop(source);
    await refused();
  });
});

test('a picture through Meta’s own API', async (t_) => {
  const desktop = await Desktop.start();
  const simulator = await Simulator.start();
  let window;
  t_.after(async () => {
    await window?.close();
    await desktop.close();
    await simulator.stop();
  });
  window = await openApp(desktop);
  await connectPage(window, simulator);
  await simulator.control('knobs', { people_answer: false });
  const before = (await simulator.control('delivered')).length;
  await openByName(window, 'Priya Nair');
  await desktop.copy('image/png', await inHome(desktop, 'copied.png', picture()));
  await write(window);
  await desktop.focus(await desktop.windowId());
  await desktop.keys('ctrl+v');
  await holds(window, ['image.png']);
  await window.click('button', t('send'));
  await sent(window, 1);
  const delivered = (await simulator.control('delivered')).slice(before);
  assert.equal(delivered.length, 1);
  assert.deepEqual(delivered[0].files.map((file) => file.content_type), ['image/png']);
});
