// What a thread shows: every kind of message, files in every state, gaps. The guests of the demo have all kinds; states
// and gaps that take days to come about are put into what the inbox answers.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { until } from '../shared/process.mjs';
import { like, t } from '../shared/texts.mjs';
import { connectPage, openThread } from './lib/guests.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

let browser;
let bridge;
let guests;
before(async () => {
  [browser, bridge] = await Promise.all([startBrowser(), Bridge.start('demo')]);
  guests = await connectPage(bridge);
});
after(async () => {
  await Promise.all([browser?.close(), bridge?.stop()]);
});

/** Looks at a guest's thread; `change` alters what the inbox answers about it. */
function thread(name, guest, run, { change, ...options } = {}) {
  test(name, async () => {
    const row = guests[guest];
    const { page, problems, close } = await bridge.page(browser, options);
    await page.getByRole('option').first().waitFor();
    if (change) await answer(page, 'thread', (body) => body.messages?.[0]?.conversation === row.id && change(body, row));
    await openThread(page, bridge, row);
    await run(page, row);
    assert.deepEqual(problems, []);
    await close();
  });
}

/** Alters the answers of a command on their way to the page. */
async function answer(page, command, change) {
  await page.route(`**/invoke/${command}`, async (route) => {
    const response = await route.fetch();
    const body = await response.json();
    change(body, route.request().postDataJSON());
    await route.fulfill({ response, json: body });
  });
}

const pane = (page) => page.locator('[data-section=timeline]');
const at = async (page, part) => await pane(page).evaluate((element, part) => (element.scrollTop = (element.scrollHeight - element.clientHeight) * part), part);
const card = (page, kind) => page.getByRole('article').filter({ hasText: t(kind) });

/** What can be scrolled to, row by row: `look` sees each part of the thread. */
async function throughout(page, look) {
  for (const part of [1, 0.75, 0.5, 0.25, 0]) {
    await at(page, part);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
    await look(part);
  }
}

thread('each kind of message on Messenger has its card', 'Priya Nair', async (page) => {
  const seen = new Set();
  await throughout(page, async () => {
    for (const text of await page.getByRole('article').allInnerTexts()) seen.add(text.replaceAll(/\s+/g, ' '));
  });
  const shown = [...seen].join('\n');
  for (const words of [t('kind_share'), 'How rye flour is milled', 'Stone, water, patience.', t('open_on', { host: 'example.org' }), t('kind_reel'), 'From oven to boat', t('kind_product'), 'Rye loaf, 800 g €5.20', 'Your table is booked', 'Saturday, 8:00, six people', t('kind_unknown'), 'Hologram', t('no_link'), 'order.pdf', 'PDF · 615 bytes', 'Is the price per loaf?']) assert.ok(shown.includes(words), `${words}\n${shown}`);
  assert.ok(!shown.includes('product_template') && !shown.includes('undefined') && !shown.includes('null'));
});

thread('a story has its link while it lives, and is never loaded as a picture', 'Ottoline Frey', async (page) => {
  await at(page, 0);
  await card(page, 'kind_story_reply').first().getByText(t('story_gone')).waitFor();
  assert.equal(await card(page, 'kind_story_reply').nth(1).getByRole('link', { name: t('open_story') }).count(), 1);
  assert.equal(await card(page, 'kind_story_mention').getByRole('link', { name: t('open_story') }).count(), 1);
  assert.equal(await card(page, 'kind_story_mention').getByRole('img').count(), 0);
});

thread('a quote names whom it answers, and leads there', 'Priya Nair', async (page) => {
  await at(page, 0.3);
  const quote = page.getByRole('button', { name: t('quote_label', { who: 'Priya Nair', words: 'Is the price per loaf?' }) });
  await quote.waitFor();
  await quote.click();
  await page.locator('.spot').filter({ hasText: 'Is the price per loaf?' }).waitFor();
});

thread('a quote of a message that is not held says so', 'Priya Nair', async (page) => {
  await page.getByText(t('quote_not_held')).waitFor();
  assert.equal(await page.getByRole('button', { name: like('quote_label') }).count(), 0);
}, { change: (body) => (body.messages.at(-1).reply_to = { remote_id: 'elsewhere', message: null, direction: null, kind: null, text: null }) });

thread('names of files are cut in the middle, and can neither turn around nor become markup', 'Priya Nair', async (page) => {
  await at(page, 0.3);
  await page.getByText(/^Invoice of .*….*rected\)\.pdf$/).waitFor();
  await at(page, 0.6);
  await page.getByText('<img src=x onerror=alert(1)>').first().waitFor();
  assert.equal(await page.locator('img[src=x]').count(), 0);
}, {
  change: (body) => {
    for (const { attachments: [file] } of body.messages) {
      if (file?.kind === 'file') file.name = `Invoice of ${'the wedding and '.repeat(8)}the bread (corrected).pdf`;
      if (file?.kind === 'product' || file?.kind === 'share') file.name = '<img src=x onerror=alert(1)>';
    }
  },
});

const states = {
  waiting: [{ kind: 'waiting' }, 'media_waiting', null],
  'dead for good': [{ kind: 'failed', reason: 'gone' }, 'media_gone', null],
  'at an address that is not fetched from': [{ kind: 'failed', reason: 'refused' }, 'media_refused', null],
  damaged: [{ kind: 'failed', reason: 'unreadable' }, 'media_unreadable', 'try_again'],
  'too large': [{ kind: 'failed', reason: 'too_large' }, 'media_too_large_size', 'fetch'],
  evicted: [{ kind: 'evicted' }, 'media_evicted', 'fetch_again'],
};
for (const [what, [file, why, action]] of Object.entries(states)) {
  thread(`files that are ${what} say so${action === null ? '' : ' and can be fetched'}`, 'Priya Nair', async (page) => {
    const asked = [];
    await page.route('**/invoke/fetch_media', async (route) => {
      asked.push(route.request().postDataJSON().attachment);
      await route.fulfill({ json: null });
    });
    for (const [part, kind] of [[1, 'image'], [0.25, 'file'], [0.15, 'video']]) {
      await at(page, part);
      await page.getByText(like(why)).first().waitFor();
      const buttons = page.getByRole('article').getByRole('button', { name: action === null ? /Fetch|Try again/ : t(action), exact: true });
      if (action === null) assert.equal(await buttons.count(), 0, kind);
      else await buttons.first().click();
    }
    if (action !== null) await until('three were asked for', () => asked.length === 3);
    await accessible(page, what);
  }, { change: (body) => body.messages.forEach(({ attachments }) => attachments.forEach((one) => ['image', 'video', 'audio', 'file'].includes(one.kind) && (one.file = file))) });
}

test('a picture that learns its size moves nothing', async () => {
  const row = guests['Priya Nair'];
  const { page, problems, close } = await bridge.page(browser);
  // The page hears of changes by an EventSource; a test says one.
  await page.addInitScript(() => {
    const Source = window.EventSource;
    window.EventSource = class extends Source {
      constructor(...given) {
        super(...given);
        window.changes = this;
      }
    };
  });
  await page.reload();
  await page.getByRole('option').first().waitFor();
  const late = ({ attachments }) => attachments.forEach((one) => one.kind === 'image' && Object.assign(one, { width: null, height: null, file: { kind: 'waiting' } }));
  await answer(page, 'thread', (body) => body.messages?.forEach(late));
  await openThread(page, bridge, row);
  await page.getByText(t('media_waiting')).first().waitFor();
  await at(page, 1);
  const tops = () => page.locator('[data-message]').evaluateAll((all) => all.map((one) => [one.dataset.message, one.getBoundingClientRect().top, one.getBoundingClientRect().height]));
  const before = await tops();
  const { messages } = await bridge.invoke('thread', { conversation: row.id, position: { kind: 'newest' }, limit: 50 });
  const change = { kind: 'messages', conversation: row.id, ids: messages.map((one) => one.id), added: false };
  await page.evaluate((change) => window.changes.dispatchEvent(new MessageEvent('message', { data: JSON.stringify([change]) })), change);
  await page.getByRole('button', { name: like('picture_from') }).last().waitFor();
  await page.getByRole('img', { name: like('picture_from') }).last().evaluate((picture) => picture.decode());
  assert.deepEqual(await tops(), before);
  assert.deepEqual(problems, []);
  await close();
});

thread('without motion an animated picture shows its first frame, and plays when it is told to', 'Priya Nair', async (page) => {
  const still = page.getByRole('img', { name: like('picture_animated') });
  await still.last().waitFor();
  assert.equal(await page.getByRole('article').last().locator('img[src]:not(.avatar img)').count(), 0);
  const drawn = () => page.locator('article canvas').last().evaluate((canvas) => canvas.width > 300);
  await until('its first frame', drawn);
  await accessible(page, 'animated pictures');
  await page.getByRole('button', { name: like('play_animation') }).last().click();
  await page.getByRole('img', { name: like('picture_from') }).last().waitFor();
}, { change: (body) => body.messages.forEach(({ attachments }) => attachments.forEach((one) => one.kind === 'image' && (one.mime = 'image/gif'))) });

thread('an animated picture moves where motion is wanted', 'Priya Nair', async (page) => {
  await page.getByRole('img', { name: like('picture_from') }).last().waitFor();
  assert.equal(await page.locator('article canvas').count(), 0);
}, { motion: 'no-preference', change: (body) => body.messages.forEach(({ attachments }) => attachments.forEach((one) => one.kind === 'image' && (one.mime = 'image/gif'))) });

const gaps = (body, row) => {
  const times = body.messages.map((message) => message.at);
  const gap = (change) => ({ conversation: row.id, from: null, to: null, count: null, reason: 'no_overlap', next_try: null, ...change });
  body.gaps = [
    gap({ to: times[0], reason: 'beginning' }),
    gap({ from: times[1] + 1, to: times[2] - 1, count: 14 }),
    gap({ from: times.at(-4), to: times.at(-3) }),
    gap({ from: times.at(-3), to: times.at(-3) }),
    gap({ from: times.at(-2), to: times.at(-1), next_try: Date.now() + 600_000 }),
  ];
};
for (const [width, height, theme] of [[1280, 800, 'light'], [1280, 800, 'dark'], [900, 700, 'light'], [600, 800, 'dark']]) {
  thread(`gaps of each kind are drawn once, with what can be done: ${width} × ${height}, ${theme}`, 'Priya Nair', async (page) => {
    const seen = new Map();
    await throughout(page, async (part) => {
      for (const gap of await page.locator('.gap').filter({ visible: true }).all()) {
        const within = await gap.evaluate((element) => element.closest('[data-message]')?.dataset.message);
        if (within) seen.set(`${within} ${(await gap.innerText()).replaceAll(/\s+/g, ' ')}`, 1);
      }
      await accessible(page, `part ${part}`);
      await nothingClipped(page, `part ${part}`);
    });
    const drawn = [...seen.keys()].map((text) => text.replace(/^\d+ /, '')).join('\n');
    assert.match(drawn, like('gap_beginning', { platform: 'Messenger' }));
    assert.match(drawn, /14 messages, .*their text cannot be fetched\. Open Meta inbox/);
    assert.match(drawn, /Messages may be missing, /);
    assert.match(drawn, /Messenger asked us to slow down\. Next try \d\d:\d\d\. Try now/);
    assert.match(drawn, /Some messages of this second may be missing, /);
    assert.equal(seen.size, 5, `each is drawn once:\n${drawn}`);
  }, { change: gaps, width, height, theme });
}

thread('“Try now” reads the account again', 'Priya Nair', async (page, row) => {
  const asked = page.waitForRequest('**/invoke/sync_once');
  await page.getByRole('button', { name: t('try_now') }).click();
  assert.equal((await asked).postDataJSON().account, row.account);
}, { change: gaps });

thread('what Graph no longer gives is counted and dated where it is', 'Lido Canteen', async (page) => {
  await at(page, 0);
  const gap = page.locator('.gap').filter({ hasText: /^25 messages, / });
  await gap.first().waitFor();
  assert.equal(await page.locator('[role=listitem] .gap').count(), 1);
});

thread('go to a date lands on that day, or says which day it landed on', 'Lido Canteen', async (page, row) => {
  const { first_at } = await bridge.invoke('contact_page', { conversation: row.id });
  const day = new Date(first_at).toISOString().slice(0, 10);
  await page.getByRole('button', { name: t('jump_to_date') }).click();
  const dialog = page.getByRole('dialog', { name: t('jump_to_date') });
  await accessible(page, 'the dialog');
  assert.equal(await dialog.getByRole('button', { name: t('go'), exact: true }).isDisabled(), true);
  await dialog.getByLabel(t('date'), { exact: true }).fill(day);
  await dialog.getByRole('button', { name: t('go'), exact: true }).click();
  await page.locator('.spot').waitFor();
  assert.equal(await page.getByText(like('jumped_elsewhere')).count(), 0);
  const landed = await page.locator('[data-message]').filter({ has: page.locator('.spot') }).getAttribute('data-message');
  const [message] = await bridge.invoke('messages_by_id', { ids: [Number(landed)] });
  assert.equal(new Date(message.at).toISOString().slice(0, 10), day);
});

test('a day without messages leads to the next that has one', async () => {
  const row = guests['Priya Nair'];
  const { page, close } = await bridge.page(browser);
  await page.getByRole('option').first().waitFor();
  await openThread(page, bridge, row);
  await page.getByRole('button', { name: t('jump_to_date') }).click();
  const { first_at } = await bridge.invoke('contact_page', { conversation: row.id });
  const empty = new Date(first_at + 5 * 86_400_000).toISOString().slice(0, 10);
  await page.getByRole('dialog').getByLabel(t('date'), { exact: true }).fill(empty);
  await page.keyboard.press('Enter');
  await page.getByText(like('jumped_elsewhere')).waitFor();
  await page.locator('.spot').waitFor();
  await close();
});
