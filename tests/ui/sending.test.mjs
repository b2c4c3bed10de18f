// More than text: files of an answer, planned and held messages, quotes, reactions, and the page of everything sent.
import { after, before as first, test } from 'node:test';
import assert from 'node:assert/strict';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { carry, chosen, gif, picture, wav } from './lib/files.mjs';
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

/** The conversation that is open, as the inbox numbers it. */
async function selected(page) {
  return Number((await page.getByRole('option', { selected: true }).getAttribute('id')).replace('conversation-', ''));
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

thread('what is planned stands over the answer in one line, and is decided from there', async (page, bridge) => {
  const plan = async (words) => {
    await text(page).fill(words);
    await button(page, 'send_later').click();
    await page.getByRole('dialog').getByRole('button', { name: t('later_hour') }).click();
    await page.getByRole('dialog').getByRole('button', { name: t('later_plan') }).click();
  };
  const strip = page.getByRole('button', { name: like('planned', { count: 2 }) });
  await plan('The first one');
  await plan('The second one');
  await strip.waitFor();
  await accessible(page, 'the line of what is planned, light');
  await strip.click();
  const dialog = page.getByRole('dialog', { name: t('planned_title') });
  await until('both', async () => (await dialog.getByRole('listitem').count()) === 2);
  await accessible(page, 'what is planned, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'what is planned, dark');
  await page.setViewportSize({ width: 360, height: 480 });
  await page.getByRole('complementary').waitFor({ state: 'detached' });
  await nothingClipped(page, 'what is planned in the smallest window');
  const first = dialog.getByRole('listitem').filter({ hasText: 'The first one' });
  await first.getByRole('button', { name: t('send_now') }).click();
  assert.equal(await bridge.simulator.deliveries('The first one'), 1);
  await first.waitFor({ state: 'detached' });
  await dialog.getByRole('button', { name: t('discard') }).click();
  // The last one takes the list and the line with it.
  await dialog.waitFor({ state: 'detached' });
  await until('no line', async () => (await page.getByRole('button', { name: like('planned', { count: 1 }) }).count()) === 0);
  assert.deepEqual(await bridge.simulator.delivered('The second one'), []);
});

thread('what is planned with files is discarded as a whole', async (page, bridge, row) => {
  await choose(page, chosen('one.png', 'image/png', await picture(page)), chosen('two.png', 'image/png', await picture(page, 'image/png', [320, 240])));
  await until('both are ready', async () => (await ready(page).count()) === 2);
  await text(page).fill('With both');
  await button(page, 'send_later').click();
  await page.getByRole('dialog').getByRole('button', { name: t('later_hour') }).click();
  await page.getByRole('dialog').getByRole('button', { name: t('later_plan') }).click();
  await page.getByText(like('send_scheduled')).waitFor();
  await page.getByText(like('send_scheduled')).locator('..').getByRole('button', { name: t('discard') }).click();
  await until('none is planned', async () => (await bridge.invoke('planned', { conversation: row })).length === 0);
  await until('all bubbles went', async () => (await page.getByText('With both').count()) === 0);
  await until('the line too', async () => (await page.getByRole('button', { name: like('planned', { count: 1 }) }).count()) === 0);
});

thread('what missed its time asks, and takes another one', async (page, bridge) => {
  // The computer would have to be off for minutes: what the inbox answers then.
  const late = (part) => (part?.reason?.kind === 'scheduled' ? { ...part, reason: { kind: 'stale', why: 'missed' } } : part);
  const answer = async (route, change) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: change(await response.json()) });
  };
  const lateMessage = (message) => ({ ...message, send: late(message.send) });
  await page.route('**/invoke/messages_by_id', (route) => answer(route, (all) => all.map(lateMessage)));
  await page.route('**/invoke/send', (route) => answer(route, (all) => all.map(lateMessage)));
  await page.route('**/invoke/planned', (route) => answer(route, (all) => all.map((entry) => ({ ...entry, parts: entry.parts.map(late) }))));
  await text(page).fill('Your order is ready');
  await button(page, 'send_later').click();
  await page.getByRole('dialog').getByRole('button', { name: t('later_hour') }).click();
  await page.getByRole('dialog').getByRole('button', { name: t('later_plan') }).click();
  await page.getByText(like('send_stale_missed')).waitFor();
  await page.getByRole('button', { name: like('planned_missed', { count: 1 }) }).waitFor();
  await accessible(page, 'what missed its time, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'what missed its time, dark');
  for (const key of ['send_now', 'discard']) await button(page, key).waitFor();
  await button(page, 'send_other_time').click();
  await page.getByRole('dialog').getByRole('button', { name: like('later_tomorrow') }).click();
  await page.unroute('**/invoke/messages_by_id');
  await page.unroute('**/invoke/planned');
  await page.getByRole('dialog').getByRole('button', { name: t('later_plan') }).click();
  await page.getByText(like('send_scheduled')).waitFor();
  await page.getByRole('button', { name: like('planned', { count: 1 }) }).waitFor();
});

thread('what was refused for the window cannot be tried again before the customer writes', async (page, bridge, row, chat) => {
  await bridge.simulator.control('knobs', { people_answer: false });
  await bridge.simulator.fail({ kind: 'error', http: 400, code: 107, message: '(#10) This message is sent outside of allowed window.' }, { method: 'POST', path: '/messages' });
  await text(page).fill('Too late?');
  await text(page).press('Enter');
  await page.getByText(like('failed_window_closed')).waitFor();
  await page.getByText(like('send_when_open')).waitFor();
  assert.equal(await button(page, 'retry').isDisabled(), true);
  await accessible(page, 'refused for the window, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'refused for the window, dark');
  await bridge.receive(chat, 'Still there?');
  await until('it may be tried again', async () => !(await button(page, 'retry').isDisabled()));
  await button(page, 'retry').click();
  assert.equal(await bridge.simulator.deliveries('Too late?'), 1);
});

thread('a file is looked at as it will arrive', async (page) => {
  await choose(page, chosen('wide.webp', 'image/webp', await picture(page, 'image/webp', [640, 320])), chosen('steps.gif', 'image/gif', gif()), chosen('hello.wav', 'audio/wav', wav()));
  await until('all are ready', async () => (await ready(page).count()) === 3);
  await tray(page).getByText(like('file_converted', { from: 'WEBP' })).waitFor();
  const look = async (name) => {
    await page.getByRole('button', { name: t('file_preview', { name }) }).click();
    return page.getByRole('dialog', { name });
  };
  const dialog = await look((await tray(page).getByRole('listitem').first().getAttribute('aria-label')));
  await until('the picture', async () => (await dialog.locator('img').evaluate((img) => img.naturalWidth)) === 640);
  await accessible(page, 'a file as it will arrive, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'a file as it will arrive, dark');
  await page.setViewportSize({ width: 360, height: 480 });
  await nothingClipped(page, 'a file as it will arrive in the smallest window');
  await page.setViewportSize({ width: 1280, height: 800 });
  await page.keyboard.press('Escape');
  const moving = await look('steps.gif');
  await until('the animation', async () => (await moving.locator('img').evaluate((img) => img.naturalWidth)) > 0);
  await page.keyboard.press('Escape');
  const sound = await look('hello.wav');
  await until('the sound', async () => (await sound.locator('audio').evaluate((audio) => audio.duration)) > 0.4);
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement?.className.includes('thumb')), true, 'the focus is back');
});

thread('a program is refused in words that people use', async (page) => {
  const program = Buffer.concat([Buffer.from('MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff', 'latin1'), Buffer.alloc(400)]);
  await choose(page, chosen('setup.exe', 'application/octet-stream', program));
  await tray(page).getByText(t('refused_unknown_type', { platform: 'Messenger' })).waitFor();
  assert.doesNotMatch(await tray(page).innerText(), /application\//);
});

thread('an own picture is there in a few colours before it is painted', async (page) => {
  await choose(page, chosen('own.png', 'image/png', await picture(page)));
  await ready(page).waitFor();
  await sendButton(page).click();
  const blur = articles(page).last().locator('.picture canvas');
  await blur.waitFor();
  // The colour of the picture, from its hash alone.
  const [r, g, b] = await blur.evaluate((canvas) => [...canvas.getContext('2d').getImageData(canvas.width / 2, canvas.height / 2, 1, 1).data]);
  assert.ok(r < 60 && Math.abs(g - 128) < 40 && Math.abs(b - 128) < 40, `${r} ${g} ${b}`);
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

atMeta('a quote waits with its draft: in another conversation, and for the next start', async (page, bridge) => {
  await page.keyboard.press('Control+ArrowUp');
  const reply = form(page).locator('.reply');
  await reply.waitFor();
  const words = await reply.innerText();
  const row = await selected(page);
  await page.getByRole('option').nth(2).click();
  await reply.waitFor({ state: 'detached' });
  await open(page, bridge, row);
  await reply.waitFor();
  await page.reload();
  await page.getByRole('option').first().waitFor();
  await open(page, bridge, row);
  await reply.waitFor();
  assert.equal(await reply.innerText(), words);

  await text(page).fill('This one, at last');
  await text(page).press('Enter');
  await bridge.simulator.deliveries('This one, at last');
  const [entry] = await bridge.simulator.delivered('This one, at last');
  assert.ok(entry.reply_to, 'the provider was told what it answers');
  await until('the draft quotes nothing', async () => (await bridge.invoke('draft_quote', { conversation: row })) === null);
});

atMeta('a quoted answer that is taken back quotes again', async (page, bridge) => {
  const row = await selected(page);
  await button(page, 'settings').click();
  await page.getByRole('radio', { name: t('hold_long') }).check();
  await open(page, bridge, row);
  await page.keyboard.press('Control+ArrowUp');
  await button(page, 'reply_forget').waitFor();
  await text(page).fill('Not yet');
  await text(page).press('Enter');
  await button(page, 'undo').click();
  await until('the text is back', async () => (await text(page).inputValue()) === 'Not yet');
  await button(page, 'reply_forget').waitFor();
});

atMeta('who reacted, and when, is told by a click', async (page) => {
  await page.keyboard.press('Control+Shift+E');
  await page.getByRole('dialog', { name: t('react') }).getByRole('button', { name: t('react_with', { emoji: '👍' }) }).click();
  const thumb = articles(page).locator('.reaction').filter({ hasText: '👍' });
  await thumb.click();
  const who = page.getByRole('dialog', { name: t('reactions') });
  await who.getByText(t('you'), { exact: true }).waitFor();
  assert.match(await who.innerText(), /\d\d:\d\d/);
  await accessible(page, 'who reacted, light');
  await page.emulateMedia({ colorScheme: 'dark' });
  await accessible(page, 'who reacted, dark');
  await page.keyboard.press('Escape');
  await who.waitFor({ state: 'detached' });
  assert.equal(await thumb.evaluate((chip) => chip === document.activeElement), true);
  await thumb.click();
  await who.getByRole('button', { name: t('react_take_back') }).click();
  await thumb.waitFor({ state: 'detached' });
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
