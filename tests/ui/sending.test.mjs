// More than text: files of an answer, planned and held messages, quotes, reactions, and the page of everything sent.
import { after, before as first, test } from 'node:test';
import assert from 'node:assert/strict';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { carry, chosen, picture } from './lib/files.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

let browser;
first(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a world of its own, in a conversation whose window is open. */
function thread(name, run, options) {
  test(name, async () => {
    const bridge = await Bridge.start('demo');
    try {
      const chat = (await bridge.simulator.chats(options?.platform ?? 'facebook'))[0];
      await bridge.receive(chat, 'Do you have a picture?');
      const { page, problems, close } = await bridge.page(browser, options);
      await page.getByRole('option').first().waitFor();
      const row = await open(page, bridge, (await bridge.conversation(chat)).id);
      await run(page, bridge, row, chat);
      assert.deepEqual(problems, []);
      await close();
    } finally {
      await bridge.stop();
    }
  });
}

/** The same at Graph, which takes quotes and reactions. */
function atMeta(name, run, options) {
  test(name, async () => {
    const bridge = await Bridge.start('empty');
    try {
      const { api_base, secrets } = bridge.simulator.meta;
      await bridge.invoke('connect_meta', { apiBase: api_base, keys: { token: secrets.page_token, app_secret: null, page: null }, name: null });
      await bridge.sync();
      const { page, problems, close } = await bridge.page(browser, options);
      await page.getByRole('option').first().click();
      await articles(page).first().waitFor();
      await run(page, bridge);
      assert.deepEqual(problems, []);
      await close();
    } finally {
      await bridge.stop();
    }
  });
}

const articles = (page) => page.getByRole('article');
const text = (page) => page.getByRole('textbox', { name: like('composer_label') });
const form = (page) => page.getByRole('form', { name: t('composer') });
const sendButton = (page) => form(page).getByRole('button', { name: t('send'), exact: true });
const tray = (page) => page.getByRole('list', { name: t('files_to_send') });
const ready = (page) => tray(page).getByRole('img', { name: t('file_ready') });
const files = async (bridge, row) => (await bridge.invoke('outgoing_files', { conversation: row })).map((file) => file.name);
const button = (page, key, values) => page.getByRole('button', { name: t(key, values), exact: true });

async function open(page, bridge, id) {
  await bridge.emit('open', { conversation: id, message: null });
  await page.locator(`#conversation-${id}[aria-selected=true]`).waitFor();
  await articles(page).first().waitFor();
  return id;
}

/** Chooses files by the button, as its dialog would hand them over. */
async function choose(page, ...given) {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button(page, 'attach').click()]);
  await chooser.setFiles(given);
}

async function delivered(bridge) {
  return (await bridge.simulator.control('ledger')).filter((one) => one.direction === 'out' && one.request !== null && one.request !== undefined);
}

thread('files are shown as they will arrive, and arrive in that order with the text behind them', async (page, bridge, row) => {
  await choose(page,
    chosen('first.png', 'image/png', await picture(page)),
    chosen('second.webp', 'image/webp', await picture(page, 'image/webp')),
  );
  await until('both are ready', async () => (await ready(page).count()) === 2);
  await tray(page).getByText(like('file_converted', { from: 'WEBP' })).waitFor();
  await tray(page).locator('img').first().waitFor();

  const moved = tray(page).getByRole('listitem').last();
  const name = (await moved.getAttribute('aria-label'));
  await button(page, 'file_move', { name }).press('ArrowUp');
  await until('the order is kept', async () => (await files(bridge, row))[0] === name);
  assert.equal(await button(page, 'file_move', { name }).evaluate((grip) => grip === document.activeElement), true);

  await text(page).fill('Both of them.');
  await text(page).press('Enter');
  await until('three messages', async () => (await delivered(bridge)).length === 3);
  const [first, second, words] = (await delivered(bridge)).sort((a, b) => a.request - b.request);
  assert.equal(first.files.length + second.files.length, 2);
  assert.equal(words.text, 'Both of them.');
  assert.deepEqual(await files(bridge, row), []);
  await tray(page).waitFor({ state: 'detached' });
  await until('own pictures', async () => (await articles(page).locator('.picture img').count()) >= 2);
});

thread('a file that cannot be sent says why and holds up sending until it is removed', async (page, bridge, row) => {
  await text(page).fill('Here');
  await choose(page, chosen('empty.png', 'image/png', Buffer.alloc(0)), chosen('note.xyz', 'application/x-thing', Buffer.from([1, 2, 3, 4])));
  await tray(page).getByText(t('refused_empty')).waitFor();
  await form(page).getByText(t('files_refused')).waitFor();
  assert.equal(await sendButton(page).isDisabled(), true);
  await accessible(page, 'refused files, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'refused files, dark');
  await page.setViewportSize({ width: 360, height: 480 });
  await nothingClipped(page, 'refused files in the smallest window');
  for (const name of ['empty.png', 'note.xyz']) await button(page, 'file_remove', { name }).click();
  await until('removed', async () => (await files(bridge, row)).length === 0);
  assert.equal(await sendButton(page).isDisabled(), false);
});

thread('what is dropped or pasted belongs to the draft of that conversation, also after a start', async (page, bridge, row) => {
  const buffer = await picture(page);
  await carry(page, '[data-section=timeline]', 'dragover', chosen('dropped.png', 'image/png', buffer));
  await page.getByText(like('drop_files')).waitFor();
  await accessible(page, 'files held over the thread');
  await carry(page, '[data-section=timeline]', 'drop', chosen('dropped.png', 'image/png', buffer));
  await page.getByText(like('drop_files')).waitFor({ state: 'detached' });
  await tray(page).getByText('dropped.png').waitFor();
  await carry(page, 'textarea', 'paste', chosen('pasted.png', 'image/png', await picture(page, 'image/png', [320, 240])));
  await until('both are ready', async () => (await ready(page).count()) === 2);

  const other = page.getByRole('option').nth(2);
  await other.click();
  await tray(page).waitFor({ state: 'detached' });
  await page.reload();
  await page.getByRole('option').first().waitFor();
  await open(page, bridge, row);
  await until('both came back', async () => (await ready(page).count()) === 2);
  assert.deepEqual(await files(bridge, row), ['dropped.png', 'pasted.png']);
});

thread('a held message is taken back with Undo, text and files', async (page, bridge, row) => {
  await button(page, 'settings').click();
  await page.getByRole('radio', { name: t('hold_long') }).check();
  await open(page, bridge, row);
  await choose(page, chosen('held.png', 'image/png', await picture(page)));
  await ready(page).waitFor();
  await text(page).fill('Wait, not yet');
  await text(page).press('Enter');
  await page.getByText(t('send_held')).waitFor();
  await accessible(page, 'a held message, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'a held message, dark');
  await button(page, 'undo').click();
  await until('the text is back', async () => (await text(page).inputValue()) === 'Wait, not yet');
  await tray(page).getByText('held.png').waitFor();
  assert.deepEqual(await delivered(bridge), []);
});

thread('a message is planned by the computer’s clock, moved, and sent by hand', async (page, bridge) => {
  await text(page).fill('Your cake is ready');
  await button(page, 'send_later').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(t('later_zone', { zone: 'UTC' })).waitFor();
  await dialog.getByRole('button', { name: t('later_hour') }).click();
  await accessible(page, 'planning, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'planning, dark');
  // Beyond the reply window nothing can be planned.
  await dialog.getByLabel(t('later_when')).fill('2099-01-01T09:00');
  await dialog.getByText(like('later_closed')).waitFor();
  assert.equal(await dialog.getByRole('button', { name: t('later_plan') }).isDisabled(), true);
  await dialog.getByRole('button', { name: t('later_hour') }).click();
  await dialog.getByRole('button', { name: t('later_plan') }).click();
  await page.getByText(like('send_scheduled')).waitFor();
  assert.equal(await text(page).inputValue(), '');

  await button(page, 'send_other_time').click();
  await dialog.getByText(t('later_planned')).waitFor();
  await dialog.getByText('Your cake is ready').waitFor();
  await page.keyboard.press('Escape');
  assert.equal(await bridge.simulator.delivered('Your cake is ready').then((all) => all.length), 0);
  await button(page, 'send_now').click();
  assert.equal(await bridge.simulator.deliveries('Your cake is ready'), 1);
});

thread('everything sent is told in plain words, with its attempts', async (page, bridge) => {
  await text(page).fill('A first one');
  await text(page).press('Enter');
  await bridge.simulator.deliveries('A first one');
  await bridge.simulator.fail({ kind: 'status', http: 400 }, { method: 'POST', path: '/messages' });
  await text(page).fill('This one is refused');
  await text(page).press('Enter');
  await button(page, 'retry').waitFor();
  await button(page, 'settings').click();
  await button(page, 'outbox').click();
  const entries = page.locator('summary');
  await until('both', async () => (await entries.count()) === 2);
  assert.match(await entries.first().textContent(), new RegExp(`This one is refused.*${t('ledger_failed')}`, 's'));
  await entries.first().click();
  await page.getByText(like('attempt_refused')).waitFor();
  await accessible(page, 'everything sent, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'everything sent, dark');
  await page.setViewportSize({ width: 360, height: 480 });
  await nothingClipped(page, 'everything sent in the smallest window');
  await button(page, 'ledger_show').first().click();
  await articles(page).getByText('This one is refused').waitFor();
});

thread('an upload can be cancelled: text and file are back', async (page, bridge, row) => {
  await bridge.simulator.fail({ kind: 'slow-upload', bytes_per_second: 100 }, { path: '/media/upload', times: 5 });
  await bridge.simulator.fail({ kind: 'slow-upload', bytes_per_second: 100 }, { path: '/upload/', times: 5 });
  await choose(page, chosen('slow.png', 'image/png', await picture(page)));
  await ready(page).waitFor();
  await text(page).fill('Comes in a moment');
  await text(page).press('Enter');
  await page.getByText(like('send_uploading_soon')).first().waitFor();
  await button(page, 'cancel').click();
  await until('back in the draft', async () => (await files(bridge, row)).length === 1);
  await until('the text too', async () => (await text(page).inputValue()) === 'Comes in a moment');
  await tray(page).getByText('slow.png').waitFor();
  assert.deepEqual(await delivered(bridge), []);
});

thread('X takes one picture and wants a few words beside it', async (page) => {
  await choose(page, chosen('one.png', 'image/png', await picture(page)));
  await form(page).getByText(t('files_text_needed', { platform: 'X' })).waitFor();
  assert.equal(await sendButton(page).or(button(page, 'send_anyway')).isDisabled(), true);
  await text(page).fill('Look');
  await until('may be sent', async () => !(await sendButton(page).or(button(page, 'send_anyway')).isDisabled()));
  await choose(page, chosen('two.png', 'image/png', await picture(page)));
  await form(page).getByText(t('files_too_many', { platform: 'X', count: 1 })).waitFor();
}, { platform: 'twitter' });

thread('where the provider cannot, nothing offers a quote or a reaction', async (page) => {
  await articles(page).last().hover();
  await button(page, 'message_menu').last().click();
  await page.getByRole('menuitem', { name: t('details') }).waitFor();
  assert.equal(await page.getByRole('menuitem', { name: t('reply') }).count(), 0);
  assert.equal(await page.getByRole('menuitem', { name: t('react') }).count(), 0);
  await page.keyboard.press('Escape');
  await page.keyboard.press('Control+ArrowUp');
  assert.equal(await button(page, 'reply_forget').count(), 0);
});

atMeta('a message is quoted, from its menu and by a key', async (page, bridge) => {
  await page.keyboard.press('Control+ArrowUp');
  await button(page, 'reply_forget').waitFor();
  await accessible(page, 'a quote in the composer, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'a quote in the composer, dark');
  await button(page, 'reply_forget').click();
  await button(page, 'reply_forget').waitFor({ state: 'detached' });

  const last = articles(page).last();
  const quoted = await last.getAttribute('aria-label');
  await last.hover();
  await button(page, 'message_menu').last().click();
  await page.getByRole('menuitem', { name: t('reply') }).click();
  await text(page).fill('Yes, that one');
  await text(page).press('Enter');
  const sent = articles(page).last();
  await sent.getByText('Yes, that one').waitFor();
  const words = quoted.split(', ').slice(2).join(', ').slice(0, 20);
  assert.ok((await sent.getByRole('button').first().textContent()).includes(words), words);
  await bridge.simulator.deliveries('Yes, that one');
  const [entry] = await bridge.simulator.delivered('Yes, that one');
  assert.ok(entry.reply_to, 'the provider was told what it answers');
});

atMeta('a reaction is chosen by a key, from more, and taken back', async (page, bridge) => {
  const chooser = page.getByRole('dialog', { name: t('react') });
  const thumb = articles(page).locator('.reaction').filter({ hasText: '👍' });
  const thumbs = async () => (await bridge.simulator.control('ledger')).filter((one) => JSON.stringify(one.reactions ?? []).includes('👍')).length;
  const before = await thumbs();
  await page.keyboard.press('Control+Shift+E');
  await chooser.waitFor();
  await accessible(page, 'choosing a reaction, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await chooser.getByRole('button', { name: t('react_more') }).click();
  await accessible(page, 'choosing a reaction, dark');
  await chooser.getByRole('button', { name: t('react_with', { emoji: '👍' }) }).click();
  await chooser.waitFor({ state: 'detached' });
  await thumb.waitFor();
  assert.equal(await thumb.getAttribute('title'), t('reacted', { names: t('you'), emoji: '👍' }));
  await until('the platform has it', async () => (await thumbs()) === before + 1);

  await page.keyboard.press('Control+Shift+E');
  await chooser.getByRole('button', { name: t('react_with', { emoji: '👍' }), pressed: true }).click();
  await thumb.waitFor({ state: 'detached' });
  await until('the platform has it no more', async () => (await thumbs()) === before);
});
