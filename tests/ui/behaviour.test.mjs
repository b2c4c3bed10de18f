// What the page does, in a browser, with the real engine behind it.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a world of its own. */
function inbox(name, run, options) {
  test(name, async () => {
    const bridge = await Bridge.start('demo');
    try {
      const { page, problems, close } = await bridge.page(browser, options);
      await page.getByRole('option').first().waitFor();
      await run(page, bridge);
      assert.deepEqual(problems, []);
      await close();
    } finally {
      await bridge.stop();
    }
  });
}

const composer = (page) => page.getByRole('textbox', { name: like('composer_label') });
const sendButton = (page) => page.getByRole('form', { name: t('composer') }).getByRole('button').last();
const articles = (page) => page.getByRole('article');
const names = async (page) => await page.getByRole('option').locator('.name bdi:first-child').allTextContents();

/** Opens the conversation of this chat, wherever it is in the list. */
async function open(page, bridge, chat) {
  const row = await bridge.conversation(chat);
  await bridge.emit('open', { conversation: row.id, message: null });
  await page.locator(`#conversation-${row.id}[aria-selected=true]`).waitFor();
  await articles(page).first().waitFor();
  return row;
}

async function firstChat(bridge, platform = 'facebook') {
  return (await bridge.simulator.chats(platform))[0];
}

inbox('mounts only the rows and messages that are near the screen', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await bridge.receive(chat, ...Array.from({ length: 400 }, (_, i) => `Line ${i} of a long story`));
  await open(page, bridge, chat);
  await page.getByText('Line 399 of a long story').last().waitFor();
  assert.ok((await articles(page).count()) <= 100, `${await articles(page).count()} messages are mounted`);
  assert.ok((await page.getByRole('option').count()) <= 100);
  const nodes = await page.evaluate(() => document.querySelectorAll('*').length);
  assert.ok(nodes <= 3_000, `${nodes} nodes`);
});

inbox('loads older messages without moving what is read', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await bridge.receive(chat, ...Array.from({ length: 400 }, (_, i) => `Line ${i}. ${'word '.repeat((i * 7) % 40)}`));
  await markRead(bridge, chat);
  await open(page, bridge, chat);
  const pane = page.locator('[data-section=timeline]');
  await page.getByRole('article', { name: /Line 399\./ }).waitFor();
  await until('the thread at rest', async () => {
    const [one, two] = [await visible(pane), await frames(page).then(() => visible(pane))];
    return JSON.stringify([...one]) === JSON.stringify([...two]);
  });
  // Wheel upwards in steps; between two frames nothing on screen may move by more than the wheel did.
  const jumps = [];
  for (let step = 0; step < 60; step += 1) {
    const before = await visible(pane);
    await pane.evaluate((element) => element.scrollBy(0, -150));
    await frames(page);
    const now = await visible(pane);
    for (const [label, top] of before) {
      if (now.has(label)) jumps.push(Math.abs(now.get(label) - top - 150));
    }
  }
  const top = await pane.evaluate((element) => element.scrollTop);
  // At the very top the wheel moves less; up there the jump is the wheel's.
  assert.ok(top > 0 || jumps.length > 0);
  const worst = Math.max(...jumps.filter((jump) => jump < 149));
  assert.ok(worst <= 1.5, `something moved by ${worst} px`);
});

/** Two frames: what a change of the page needs to be drawn. */
async function frames(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Everything of this conversation was read. */
async function markRead(bridge, chat) {
  const { id } = await bridge.conversation(chat);
  const { messages } = await bridge.invoke('thread', { conversation: id, position: { kind: 'newest' }, limit: 1 });
  await bridge.invoke('mark_read', { conversation: id, upTo: messages.at(-1).id });
}

/** Where the messages are that are wholly on screen. */
async function visible(pane) {
  const rows = await pane.evaluate((element) => {
    const frame = element.getBoundingClientRect();
    return [...element.querySelectorAll('article')]
      .map((one) => [one.getAttribute('aria-label'), one.getBoundingClientRect()])
      .filter(([, box]) => box.top >= frame.top && box.bottom <= frame.bottom)
      .map(([label, box]) => [label, box.top]);
  });
  return new Map(rows);
}

inbox('draws the unread divider once and keeps it', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await markRead(bridge, chat);
  await bridge.receive(chat, 'First unread', 'Second unread');
  await open(page, bridge, chat);
  const divider = page.getByRole('separator', { name: t('new_messages') });
  await divider.waitFor();
  await bridge.receive(chat, 'Third, while it is open');
  await page.getByRole('article', { name: /Third, while it is open/ }).waitFor();
  assert.equal(await divider.count(), 1);
  const order = await page.evaluate(() => [...document.querySelectorAll('article, [role=separator][aria-label]')].map((e) => e.getAttribute('aria-label')));
  const at = order.indexOf(t('new_messages'));
  assert.match(order[at + 1], /First unread/);
});

inbox('keeps a draft over a change of conversation and a reload', async (page, bridge) => {
  const [one, two] = await bridge.simulator.chats('facebook');
  const row = await open(page, bridge, one);
  await composer(page).fill('Half a thought');
  await open(page, bridge, two);
  assert.equal(await composer(page).inputValue(), '');
  await page.locator(`#conversation-${row.id}`).getByText(t('draft'), { exact: true }).waitFor();
  await until('the draft in the database', async () => (await bridge.invoke('draft', { conversation: row.id })) === 'Half a thought');
  await page.reload();
  await page.getByRole('option').first().waitFor();
  await open(page, bridge, one);
  assert.equal(await composer(page).inputValue(), 'Half a thought');
});

inbox('sends once, shows the bubble at once and says when it is sent', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await open(page, bridge, chat);
  await composer(page).fill('Ready at four.');
  await composer(page).press('Enter');
  const bubble = page.getByRole('article', { name: /Ready at four\./ });
  await bubble.waitFor();
  assert.equal(await composer(page).inputValue(), '');
  await bubble.locator(`.tick[title="${t('sent')}"], .tick[title="${t('read')}"]`).waitFor();
  assert.equal((await bridge.simulator.delivered('Ready at four.')).length, 1);
  assert.equal(await bubble.count(), 1);
});

inbox('a message that was lost on the way back is unconfirmed, not failed, and never repeated', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await open(page, bridge, chat);
  await bridge.simulator.fail({ kind: 'apply-then-drop' }, { method: 'POST', path: '/messages' });
  await composer(page).fill('Did it arrive?');
  await composer(page).press('Enter');
  await page.getByRole('article', { name: /Did it arrive\?/ }).waitFor();
  await until('an outcome', async () => {
    const ticks = await page.getByRole('article', { name: /Did it arrive\?/ }).locator('.tick').getAttribute('title');
    return [t('unconfirmed'), t('sent'), t('read')].includes(ticks);
  });
  assert.equal((await bridge.simulator.delivered('Did it arrive?')).length, 1);
});

inbox('done takes a conversation out of the list, and undo brings it back', async (page, bridge) => {
  await page.getByRole('option').first().click();
  await articles(page).first().waitFor();
  const [first] = await names(page);
  const before = await page.getByRole('option').count();
  await page.getByRole('button', { name: t('done'), exact: true }).click();
  await until('one row less', async () => !(await names(page)).includes(first) || (await page.getByRole('option').count()) < before);
  await page.getByRole('button', { name: t('undo') }).click();
  await until('the row again', async () => (await names(page)).includes(first));
  assert.ok(bridge);
});

inbox('filters and sorts', async (page) => {
  await page.getByRole('button', { name: /^Unread/ }).click();
  await until('unread ones only', async () => {
    const rows = await page.getByRole('option').count();
    return rows === (await page.locator('[role=option] .count').count());
  });
  await page.getByRole('button', { name: t('chip_all'), exact: true }).click();
  const newest = await names(page);
  await page.getByRole('button', { name: t('sort_and_filter') }).click();
  await page.getByRole('menuitemradio', { name: t('sort_oldest') }).click();
  await until('another order', async () => JSON.stringify(await names(page)) !== JSON.stringify(newest));
  await page.getByRole('button', { name: t('sort_and_filter') }).click();
  await page.getByRole('menuitemradio', { name: 'Instagram' }).click();
  await until('Instagram only', async () => {
    const marks = await page.locator('[role=option] .name .visually-hidden').allTextContents();
    return marks.length > 0 && marks.every((mark) => mark === 'Instagram');
  });
});

inbox('is used by keyboard alone', async (page) => {
  await page.getByRole('option').first().click();
  await articles(page).first().waitFor();
  const first = await page.locator('[role=option][aria-selected=true]').getAttribute('id');
  await page.keyboard.press('Alt+ArrowDown');
  await until('the next one', async () => (await page.locator('[role=option][aria-selected=true]').getAttribute('id')) !== first);
  await page.keyboard.press('Alt+ArrowUp');
  await until('the first again', async () => (await page.locator('[role=option][aria-selected=true]').getAttribute('id')) === first);
  await page.locator('[role=option][aria-selected=true]').focus();
  await page.keyboard.press('r');
  await until('the composer', async () => await composer(page).evaluate((e) => e === document.activeElement));
  // Single letters are letters inside a text field.
  await page.keyboard.type('?e');
  assert.equal(await composer(page).inputValue(), '?e');
  assert.equal(await page.getByRole('dialog').count(), 0);
  await composer(page).fill('');
  await page.keyboard.press('F6');
  assert.notEqual(await page.evaluate(() => document.activeElement?.tagName), 'TEXTAREA');
  await page.keyboard.press('Control+/');
  await page.getByRole('dialog', { name: t('shortcuts') }).waitFor();
  await page.keyboard.press('Escape');
  await until('no dialog', async () => (await page.getByRole('dialog').count()) === 0);
  await page.keyboard.press('Control+,');
  await page.getByRole('heading', { name: t('settings'), exact: true }).waitFor();
});

inbox('counts what is unread, and reading it counts down', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await bridge.receive(chat, 'One more');
  const row = await bridge.conversation(chat);
  const count = page.locator(`#conversation-${row.id} .count`);
  await count.waitFor();
  const before = (await bridge.invoke('counts')).unread;
  await open(page, bridge, chat);
  await until('it is read', async () => (await bridge.invoke('counts')).unread === before - 1);
  await until('the row says so', async () => (await count.count()) === 0);
});

inbox('what is below the screen is not read yet', async (page, bridge) => {
  const chat = await firstChat(bridge);
  await markRead(bridge, chat);
  await bridge.receive(chat, 'On the first screen', 'A very long one. '.repeat(600), 'Far below');
  await open(page, bridge, chat);
  await page.getByRole('article', { name: /On the first screen/ }).waitFor();
  await until('the first one is read', async () => (await bridge.conversation(chat)).unread < 3);
  for (let i = 0; i < 10; i += 1) await frames(page);
  assert.equal((await bridge.conversation(chat)).unread, 2);
  await page.getByRole('button', { name: t('to_newest') }).click();
  await until('all of it is read', async () => (await bridge.conversation(chat)).unread === 0);
});

inbox('the counter appears near the limit and sending stops beyond it', async (page, bridge) => {
  await open(page, bridge, await firstChat(bridge));
  await composer(page).fill('a'.repeat(1_000));
  assert.equal(await page.getByText(like('left', { count: '1,000' })).count(), 0);
  await composer(page).fill('a'.repeat(1_900));
  await page.getByText(t('left', { count: '100' })).waitFor();
  await composer(page).fill('a'.repeat(2_001));
  await page.getByText(t('too_long_by', { count: '1' })).waitFor();
  assert.ok(await sendButton(page).isDisabled());
});

inbox('texts of strangers are text', async (page, bridge) => {
  const chat = await firstChat(bridge);
  const hostile = [
    '<img src=x onerror="window.pwned=1"><b>bold</b>',
    '<script>window.pwned = 1</script>',
    '\u202Egnp.exe\u202C and {@html evil} ${1+1} {{name}}',
    'javascript:window.pwned=1 https://example.com/a?b=c&d=<e>',
    `${'x'.repeat(10_000)}`,
    'a\u0301'.repeat(500),
  ];
  await bridge.receive(chat, ...hostile);
  await open(page, bridge, chat);
  const bubble = page.getByRole('article', { name: /<script>window\.pwned = 1<\/script>/ });
  await bubble.waitFor();
  assert.equal(await bubble.locator('.text').textContent(), '<script>window.pwned = 1</script>');
  assert.equal(await page.evaluate(() => window.pwned), undefined);
  assert.equal(await page.locator('article b, article script, article img[src="x"]').count(), 0);
  await nothingClipped(page, 'a word of ten thousand letters');
  const links = await page.locator('article [role=link]').allTextContents();
  assert.ok(links.every((link) => !link.startsWith('javascript:')), links.join(' '));
});

inbox('opens at the message that a notification named', async (page, bridge) => {
  const [, chat] = await bridge.simulator.chats('facebook');
  await bridge.receive(chat, 'The one that was announced', ...Array.from({ length: 40 }, (_, i) => `and ${i}`));
  const row = await bridge.conversation(chat);
  const thread = await bridge.invoke('thread', { conversation: row.id, position: { kind: 'newest' }, limit: 100 });
  const message = thread.messages.find((one) => one.text === 'The one that was announced');
  await bridge.emit('open', { conversation: row.id, message: message.id });
  const bubble = page.getByRole('article', { name: /The one that was announced/ });
  await bubble.waitFor();
  await until('it is on screen', async () => {
    const box = await bubble.boundingBox();
    return box !== null && box.y >= 0 && box.y + box.height <= 800;
  });
});

for (const [width, height] of [[1280, 800], [900, 700], [800, 600], [600, 800], [360, 480]]) {
  inbox(`nothing is clipped at ${width} × ${height}`, async (page, bridge) => {
    await nothingClipped(page, 'the list');
    const row = await bridge.conversation(await firstChat(bridge));
    await bridge.emit('open', { conversation: row.id, message: null });
    await articles(page).first().waitFor();
    await nothingClipped(page, 'a thread');
    await composer(page).fill('word '.repeat(200));
    await nothingClipped(page, 'a long draft');
    await composer(page).fill('');
  }, { width, height });
}

inbox('one column has a way back', async (page) => {
  await page.getByRole('option').first().click();
  await articles(page).first().waitFor();
  assert.equal(await page.getByRole('option').first().isVisible(), false);
  await page.getByRole('button', { name: t('back') }).click();
  await page.getByRole('option').first().waitFor();
}, { width: 600, height: 800 });
