// The conversation list while messages come in: what is under the pointer, or in focus, stays what it is.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { Bridge, startBrowser } from './lib/page.mjs';

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a world of its own. */
function list(name, world, run, options) {
  test(name, async () => {
    const bridge = await Bridge.start(world);
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

const options = (page) => page.getByRole('option');
const hint = (page) => page.getByRole('button', { name: /^\d+ new$/ });
const ids = async (page) => await options(page).evaluateAll((rows) => rows.map((row) => row.id));

/** What lies under this point. */
async function rowAt(page, { x, y }) {
  return await page.evaluate(([x, y]) => document.elementFromPoint(x, y)?.closest('[role=option]')?.id ?? null, [x, y]);
}

/** Puts the pointer on the row at this place of the list; answers where it is and which row that was. */
async function pointAt(page, index) {
  const box = await options(page).nth(index).boundingBox();
  const spot = { x: box.x + box.width / 2, y: box.y + box.height / 2 };
  await page.mouse.move(spot.x - 3, spot.y);
  await page.mouse.move(spot.x, spot.y);
  return { spot, row: await rowAt(page, spot) };
}

/** Two frames: what a change of the page needs to be drawn. */
async function frames(page) {
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
}

/** Chats whose rows are further down the list than `index`. */
async function chatsBelow(page, bridge, index) {
  const shown = await ids(page);
  return (await chats(bridge)).filter(({ row }) => shown.indexOf(row) > index);
}

/** All chats that are held, of all shops, each with the id of its row. */
async function chats(bridge) {
  const query = { platforms: [], business: null, account: null, state: null, only: null, sort: 'newest' };
  const { rows } = await bridge.invoke('conversations', { query, after: null, limit: 200 });
  const held = new Map(rows.map((row) => [row.remote_id, `conversation-${row.id}`]));
  const all = await bridge.simulator.control('chats');
  return all.flatMap((chat) => (held.has(chat.conversation) ? [{ chat, row: held.get(chat.conversation) }] : []));
}

list('a new message never moves the row under the pointer, and says how many wait', 'demo', async (page, bridge) => {
  await options(page).first().waitFor();
  const { spot, row } = await pointAt(page, 2);
  const [one, two] = await chatsBelow(page, bridge, 2);
  const before = await ids(page);
  await bridge.receive(one.chat, 'Knock knock');
  await page.locator(`#${one.row}`).getByText('Knock knock').waitFor();
  await bridge.receive(two.chat, 'Anybody there?');
  await page.locator(`#${two.row}`).getByText('Anybody there?').waitFor();
  await until('both wait', async () => (await hint(page).textContent()).startsWith('2'));
  assert.deepEqual(await ids(page), before);
  assert.equal(await rowAt(page, spot), row);
  // A click meets the row that was aimed at.
  await page.mouse.down();
  await page.mouse.up();
  await page.locator(`#${row}[aria-selected=true]`).waitFor();
  assert.deepEqual(await ids(page), before);
  await page.mouse.move(900, 400);
  await until('the true order', async () => (await ids(page)).slice(0, 2).join() === [two.row, one.row].join());
  assert.equal(await hint(page).count(), 0);
});

list('the hint can be clicked, and brings what is new', 'demo', async (page, bridge) => {
  await options(page).first().waitFor();
  const { row } = await pointAt(page, 1);
  const [{ chat, row: moved }] = await chatsBelow(page, bridge, 1);
  await bridge.receive(chat, 'Knock knock');
  const box = await hint(page).boundingBox();
  // Slowly, as a hand does it: on its way the pointer leaves the rows for the hint that lies over them.
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2, { steps: 12 });
  await frames(page);
  await hint(page).waitFor();
  await page.mouse.down();
  await page.mouse.up();
  await until('the new one on top', async () => (await ids(page))[0] === moved);
  assert.equal(await page.locator('[role=option][aria-selected=true]').count(), 0, 'no row was clicked through it');
  assert.ok(row);
});

list('rows hold still under the pointer while a first back-fill goes on around them', 'empty', async (page, bridge) => {
  const { simulator } = bridge;
  // Instagram answers when Messenger is in the list and the pointer over it.
  await simulator.fail({ kind: 'delay', ms: 6_000 }, { path: '/messages/instagram' });
  const keys = { profile_key: null, x_api_key: null, x_api_secret: null, x_history: null, x_monthly_limit_cents: 0, api_key: simulator.secrets.api_key };
  await bridge.invoke('connect_ayrshare', { apiBase: simulator.apiBase, keys, name: null });
  await until('Messenger in the list', async () => (await options(page).count()) >= 3);
  const { spot, row } = await pointAt(page, 2);
  const top = (await page.locator(`#${row}`).boundingBox()).y;
  const moves = await watch(page, row);
  await page.getByRole('button', { name: t('dismiss') }).waitFor();
  await hint(page).waitFor();
  assert.equal(await rowAt(page, spot), row);
  assert.equal((await page.locator(`#${row}`).boundingBox()).y, top);
  assert.deepEqual(await moves(), [], 'at no instant in between was it elsewhere');
});

/** Notes each frame in which the row is not where it was. */
async function watch(page, row) {
  await page.evaluate((id) => {
    const top = document.getElementById(id).getBoundingClientRect().top;
    window.moves = [];
    const look = () => {
      const now = document.getElementById(id)?.getBoundingClientRect().top;
      if (now !== top) window.moves.push(now ?? null);
      requestAnimationFrame(look);
    };
    look();
  }, row);
  return async () => await page.evaluate(() => window.moves);
}

list('the rows begin where they did, however many are unread', 'demo', async (page, bridge) => {
  await options(page).first().waitFor();
  const { row } = await pointAt(page, 0);
  const moves = await watch(page, row);
  for (const { chat } of (await chatsBelow(page, bridge, 0)).slice(0, 12)) await bridge.simulator.inbound(chat, 'One more');
  await bridge.sync();
  await hint(page).waitFor();
  assert.deepEqual(await moves(), []);
}, { width: 900, height: 700 });

list('a list that was scrolled stays where it is when rows come in above', 'demo', async (page, bridge) => {
  await options(page).first().waitFor();
  await options(page).first().click();
  const pane = page.getByRole('listbox');
  const below = await chatsBelow(page, bridge, 5);
  await page.mouse.move(900, 400);
  await pane.evaluate((element) => (element.scrollTop = 200));
  await frames(page);
  const read = (await ids(page))[4];
  const moves = await watch(page, read);
  await bridge.receive(below.at(-1).chat, 'From far below');
  await until('it is on top', async () => (await bridge.invoke('conversations', { query: all, after: null, limit: 1 })).rows[0].last.text === 'From far below');
  await until('the list knows', async () => (await pane.evaluate((element) => element.scrollTop)) === 264);
  assert.deepEqual(await moves(), []);
}, { width: 1280, height: 500 });

const all = { platforms: [], business: null, account: null, state: 'open', only: null, sort: 'newest' };

list('focus and selection stay with their row when the order changes', 'demo', async (page, bridge) => {
  await options(page).first().click();
  await page.mouse.move(900, 400);
  await page.locator('[role=option][aria-selected=true]').focus();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const chosen = (await ids(page))[2];
  await until('the third is selected', async () => (await page.locator(`#${chosen}`).getAttribute('aria-selected')) === 'true');
  await until('and has the focus', async () => (await page.evaluate(() => document.activeElement?.id)) === chosen);
  const [other] = await chatsBelow(page, bridge, 2);
  const own = (await chats(bridge)).find(({ row }) => row === chosen);
  // Once a row comes from below it, once it goes up itself.
  for (const { chat, row } of [other, own]) {
    await bridge.receive(chat, 'Something new');
    await until('another order', async () => (await ids(page))[0] === row);
    assert.equal(await page.evaluate(() => document.activeElement?.id), chosen);
    assert.equal(await page.locator(`#${chosen}`).getAttribute('aria-selected'), 'true');
  }
  await page.keyboard.press('ArrowDown');
  await until('the next from there', async () => (await page.locator('[role=option][aria-selected=true]').getAttribute('id')) === (await ids(page))[1]);
});

list('undo of “mark all read” brings back exactly what was unread', 'demo', async (page, bridge) => {
  const [one, two] = await bridge.simulator.chats('facebook');
  await bridge.receive(one, 'First', 'Second', 'Third');
  await bridge.receive(two, 'Alone');
  const unread = async (chat) => (await bridge.conversation(chat)).unread;
  const before = [await unread(one), await unread(two)];
  assert.ok(before[0] >= 3 && before[1] >= 1, String(before));
  await options(page).first().waitFor();
  await page.mouse.move(900, 400);
  await page.keyboard.press('Shift+Escape');
  await page.getByRole('button', { name: t('undo') }).waitFor();
  assert.deepEqual([await unread(one), await unread(two)], [0, 0]);
  await bridge.receive(one, 'Meanwhile');
  await page.getByRole('button', { name: t('undo') }).click();
  await until('all of it is unread again', async () => (await unread(one)) === before[0] + 1 && (await unread(two)) === before[1]);
});

list('what was marked as unread is read when it is opened again', 'demo', async (page, bridge) => {
  await options(page).first().click();
  const row = page.locator('[role=option][aria-selected=true]');
  const id = Number((await row.getAttribute('id')).replace('conversation-', ''));
  const unread = async () => (await bridge.invoke('conversations_by_id', { ids: [id] }))[0].unread;
  await bridge.receive((await chats(bridge)).find((one) => one.row === `conversation-${id}`).chat, 'New');
  await until('it is read', async () => (await page.getByRole('article', { name: /New/ }).count()) > 0 && (await unread()) === 0);
  await page.getByRole('button', { name: t('more') }).click();
  await page.getByRole('menuitem', { name: t('mark_unread') }).click();
  await until('it is unread', async () => (await unread()) === 1);
  await page.locator(`#conversation-${id}`).click();
  await until('it is read again', async () => (await unread()) === 0);
});
