// Searching everything, and in a thread: what a person types, sees and clicks.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

const SHOTS = process.env.BACKSCROLL_SHOTS;

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

async function shot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name}.png`) });
}

/** A test with a demo of its own. */
function search(name, run, options) {
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

const field = (page) => page.getByRole('combobox', { name: t('search_every') });
const finder = (page) => page.getByRole('combobox', { name: t('search_in_thread') });
const hits = (page) => page.getByRole('listbox', { name: t('search_hits') }).getByRole('option');
const marks = (page) => hits(page).locator('mark').allTextContents();
const status = (page) => page.locator('section.list [role=status], search [role=status]');

async function everywhere(page, text) {
  await page.keyboard.press('Control+Shift+F');
  await field(page).fill(text);
}

/** Something is said that nothing else says; it can be looked for. */
async function said(page, bridge, ...texts) {
  const [chat] = await bridge.simulator.control('chats');
  await bridge.receive(chat, ...texts);
  return chat;
}

search('everything is searched from the field of the list; a click opens the thread at the message', async (page, bridge) => {
  const chat = await said(page, bridge, 'The marmalade parcel <b>came back</b>', ...Array.from({ length: 60 }, (_, n) => `and then ${n}`));
  await page.getByRole('button', { name: t('search_every') }).click();
  assert.ok(await field(page).evaluate((input) => input === document.activeElement));
  await page.getByText(t('search_what')).waitFor();
  await shot(page, 'search-tips');
  await accessible(page, 'nothing typed');

  await field(page).pressSequentially('marm');
  await hits(page).first().waitFor();
  assert.equal(await hits(page).count(), 1);
  assert.deepEqual(await marks(page), ['marm']);
  // What a stranger wrote is text.
  assert.equal(await hits(page).locator('b').count(), 0);
  await hits(page).getByText('<b>came back</b>').waitFor();

  await hits(page).first().click();
  const { id } = await bridge.conversation(chat);
  const article = page.getByRole('article').filter({ hasText: 'marmalade' });
  await article.waitFor();
  await until('the message in view', async () => await article.evaluate((one) => {
    const [box, pane] = [one.getBoundingClientRect(), document.querySelector('[data-section=timeline]').getBoundingClientRect()];
    return box.top >= pane.top - 1 && box.bottom <= pane.bottom + 1;
  }));
  assert.ok(id > 0);
  // The hits stay beside it.
  assert.equal(await hits(page).count(), 1);
  await page.keyboard.press('Control+Shift+F');
  await page.keyboard.press('Escape');
  await until('the focus back where it was', async () => await page.getByRole('button', { name: t('search_every') }).evaluate((button) => button === document.activeElement));
});

search('the keyboard chooses and opens; newest and best are two orders', async (page, bridge) => {
  await said(page, bridge, 'marmalade', 'marmalade marmalade marmalade', 'some marmalade');
  await everywhere(page, 'marmalade');
  await until('three hits', async () => (await hits(page).count()) === 3);
  const order = async () => await hits(page).evaluateAll((all) => all.map((one) => one.querySelector('.text').textContent.trim()));
  assert.equal((await order())[0], 'some marmalade');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  const chosen = await field(page).getAttribute('aria-activedescendant');
  assert.equal(await page.locator(`#${chosen}`).getAttribute('aria-selected'), 'true');
  await page.keyboard.press('Enter');
  await page.getByRole('article').filter({ hasText: 'marmalade marmalade marmalade' }).waitFor();
  assert.ok(await field(page).evaluate((input) => input === document.activeElement), 'the arrows go on');
  await page.getByRole('button', { name: t('search_best') }).click();
  await until('the best first', async () => (await order())[0].startsWith('marmalade marmalade'));
  await accessible(page, 'hits');
  await shot(page, 'search-hits');
});

search('what stands inside of words follows, apart', async (page, bridge) => {
  await said(page, bridge, 'It is undeliverable', 'deliver it');
  await everywhere(page, 'deliver');
  await page.getByText(t('search_inside_heading'), { exact: true }).waitFor();
  await until('one of each', async () => (await hits(page).count()) >= 2);
  const texts = await hits(page).allTextContents();
  assert.ok(texts.some((text) => text.includes('It is undeliverable')) && texts.some((text) => text.includes('deliver it')));
  assert.ok((await marks(page)).every((mark) => mark.toLowerCase().startsWith('deliver')));
  await accessible(page, 'hits inside of words');
});

search('the second phase says that it runs, and can be stopped', async (page, bridge) => {
  await said(page, bridge, 'It is undeliverable');
  // Each answer of it waits until the test lets it go.
  const held = [];
  await page.route('**/invoke/search_inside', (route) => held.push(route));
  await everywhere(page, 'eliverabl');
  await page.getByText(t('search_looking_inside')).waitFor();
  await until('it was asked', () => held.length === 1);
  await shot(page, 'search-inside');
  await accessible(page, 'looking inside of words');
  await page.getByRole('button', { name: t('stop'), exact: true }).click();
  await page.getByText(t('search_inside_stopped')).waitFor();
  await page.unroute('**/invoke/search_inside');
  await held[0].abort().catch(() => {});
  await page.getByRole('button', { name: t('search_go_on') }).click();
  await hits(page).getByText('It is un').waitFor();
}, {});

search('filters are chips that write the query and are taken out of it', async (page, bridge) => {
  await said(page, bridge, 'marmalade from them https://a.example');
  await everywhere(page, 'marmalade from:nobodyatall');
  await page.getByText(t('search_nobody')).waitFor();
  await shot(page, 'search-nobody');
  await page.getByRole('button', { name: t('search_remove_filter', { filter: t('search_from', { who: 'nobodyatall' }) }) }).click();
  assert.equal(await field(page).inputValue(), 'marmalade');
  await hits(page).first().waitFor();
  const links = page.getByRole('button', { name: t('search_links'), exact: true });
  await links.click();
  await until('the filter is on', async () => (await links.getAttribute('aria-pressed')) === 'true');
  assert.equal(await field(page).inputValue(), 'has:link marmalade');
  await hits(page).first().waitFor();
  await page.getByRole('button', { name: t('search_from_me'), exact: true }).click();
  await page.getByRole('heading', { name: t('search_none') }).waitFor();
  await accessible(page, 'no hits');
  await page.getByRole('button', { name: t('search_without_filter') }).click();
  await hits(page).first().waitFor();
});

search('no hits: what was searched is said; a failure too, with a way on', async (page) => {
  await everywhere(page, 'zzyzx "no such phrase"');
  await page.getByRole('heading', { name: t('search_none') }).waitFor();
  await page.getByText(t('search_none_everywhere'), { exact: false }).waitFor();
  await page.getByText('no such phrase', { exact: true }).waitFor();
  await shot(page, 'search-none');
  await field(page).fill('"§§" !!!');
  await page.getByText(t('search_no_words')).waitFor();
  await page.route('**/invoke/search', (route) => route.fulfill({ status: 500, contentType: 'application/json', body: JSON.stringify({ code: 'damaged', retry_at: null, detail: 'x' }) }));
  await field(page).fill('the');
  await page.getByText(t('error_damaged')).waitFor();
  await shot(page, 'search-error');
  await accessible(page, 'a failed search');
  await page.unroute('**/invoke/search');
  await page.getByRole('button', { name: t('try_again') }).click();
  await hits(page).first().waitFor();
});

search('hostile text is searched for, not obeyed', async (page) => {
  await page.keyboard.press('Control+Shift+F');
  for (const text of ['"', 'a"b', 'NEAR(a b)', '* OR *', '-c', "'; DROP TABLE message; --", '<img src=x onerror=alert(1)>', 'x'.repeat(2_000)]) {
    await field(page).fill(text);
    await until(`an answer to ${text.slice(0, 20)}`, async () => (await status(page).first().textContent()).trim() !== t('search_searching'));
    assert.equal(await page.getByText(t('error_internal')).count(), 0, text);
  }
});

search('find in thread goes from hit to hit, and gives the focus back to the composer', async (page, bridge) => {
  const chat = await said(page, bridge, 'marmalade one', ...Array.from({ length: 50 }, (_, n) => `and then ${n}`), 'marmalade two');
  const { id } = await bridge.conversation(chat);
  await page.locator(`#conversation-${id}`).click();
  await page.getByRole('article').first().waitFor();
  await page.keyboard.press('Control+F');
  await finder(page).pressSequentially('marmalade');
  await until('two hits', async () => (await hits(page).count()) === 2);
  await page.keyboard.press('Enter');
  await page.getByText(t('search_place', { place: 1, of: 2 })).waitFor();
  await page.getByRole('article').filter({ hasText: 'marmalade two' }).waitFor();
  await page.keyboard.press('Enter');
  await page.getByText(t('search_place', { place: 2, of: 2 })).waitFor();
  await page.getByRole('article').filter({ hasText: 'marmalade one' }).waitFor();
  await shot(page, 'search-thread');
  await accessible(page, 'find in thread');
  await page.getByRole('button', { name: t('search_newer') }).click();
  await page.getByRole('article').filter({ hasText: 'marmalade two' }).waitFor();
  await page.getByRole('button', { name: t('search_close') }).click();
  assert.equal(await finder(page).count(), 0);
  await until('the composer has the focus', async () => await page.getByRole('textbox', { name: like('composer_label') }).evaluate((one) => one === document.activeElement));
});

for (const theme of ['light', 'dark']) {
  for (const [width, height] of [[1280, 800], [900, 700], [600, 800]]) {
    search(`nothing is clipped, nothing unreadable: ${theme}, ${width} × ${height}`, async (page, bridge) => {
      await said(page, bridge, 'marmalade '.repeat(60), 'a marmalade', 'An unmarmaladed one');
      await everywhere(page, 'marmalade');
      await until('hits', async () => (await hits(page).count()) >= 2);
      await page.getByText(t('search_inside_heading'), { exact: true }).waitFor();
      await nothingClipped(page, `hits, ${theme}, ${width}`);
      await accessible(page, `hits, ${theme}, ${width}`);
      await shot(page, `search-${theme}-${width}`);
      await hits(page).nth(1).click();
      await page.getByRole('article').first().waitFor();
      await page.keyboard.press('Control+F');
      await finder(page).fill('marm');
      await hits(page).last().waitFor();
      await nothingClipped(page, `find, ${theme}, ${width}`);
      await accessible(page, `find, ${theme}, ${width}`);
      await shot(page, `search-find-${theme}-${width}`);
      if (width < 800) {
        await page.getByRole('button', { name: t('back'), exact: true }).click();
        await field(page).waitFor();
      }
    }, { theme, width, height });
  }
}
