// The contact panel: beside the thread where there is room, over it where there is none.
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

function contact(name, guest, run, options) {
  test(name, async () => {
    const { page, problems, close } = await bridge.page(browser, options);
    await page.getByRole('option').first().waitFor();
    await openThread(page, bridge, guests[guest]);
    await run(page, guests[guest]);
    assert.deepEqual(problems, []);
    await close();
  });
}

const toggle = (page) => page.getByRole('button', { name: t('contact_panel') });
const panel = (page) => page.getByRole('complementary', { name: t('contact_panel') });
const sheet = (page) => page.getByRole('dialog', { name: t('contact_panel') });

contact('says who it is, what is kept since when, and what is missing', 'Lido Canteen', async (page) => {
  await panel(page).getByText('@lido.canteen').waitFor();
  await panel(page).getByText(like('kept_since', { count: 20, shown: 20 })).waitFor();
  const gap = panel(page).getByRole('button', { name: /^25 messages/ });
  await gap.click();
  await page.locator('.spot').waitFor();
  await page.locator('[data-section=timeline] .gap').filter({ visible: true }).first().waitFor();
  await accessible(page, 'the panel');
});

contact('opens the provider’s inbox where it gave a link', 'Priya Nair', async (page) => {
  const asked = page.waitForRequest('**/invoke/open_link');
  await panel(page).getByRole('link', { name: t('open_meta_inbox') }).click();
  assert.match((await asked).postDataJSON().url, /^https:\/\/www\.facebook\.com\/\d+\/inbox\//);
});

contact('offers no inbox where there is no link', 'Ottoline Frey', async (page) => {
  await panel(page).getByText(like('kept_since', { count: 13, shown: 13 })).waitFor();
  assert.equal(await page.getByText(t('open_meta_inbox')).count(), 0);
});

contact('is 288 wide, hidden by its button, and stays so', 'Priya Nair', async (page) => {
  assert.equal((await panel(page).boundingBox()).width, 288);
  assert.equal(await toggle(page).getAttribute('aria-expanded'), 'true');
  await toggle(page).click();
  await panel(page).waitFor({ state: 'detached' });
  await until('it is kept', async () => (await bridge.invoke('settings')).contact_panel === false);
  await page.reload();
  await page.getByRole('option').first().click();
  await page.getByRole('article').first().waitFor();
  assert.equal(await panel(page).count(), 0);
  await toggle(page).click();
  await panel(page).waitFor();
  await until('that too', async () => (await bridge.invoke('settings')).contact_panel === true);
});

contact('shows all media, more on demand, and the keyboard goes on at the first of the new ones', 'Priya Nair', async (page, row) => {
  const grid = panel(page).getByRole('group', { name: t('media') }).getByRole('button');
  await until('all six', async () => (await grid.count()) === 6);
  // A person with more than one page: the same six, again and again.
  const items = await bridge.invoke('media_of', { conversation: row.id, before: null, limit: 6 });
  const many = Array.from({ length: 40 }, (_, i) => ({ ...items[i % 6], attachment: { ...items[i % 6].attachment, id: 1_000 + i }, place: String(i) }));
  await page.route('**/invoke/contact_page', async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, json: { ...(await response.json()), media: 40 } });
  });
  await page.route('**/invoke/media_of', async (route) => {
    const { before, limit } = route.request().postDataJSON();
    const from = before === null ? 0 : Number(before) + 1;
    await route.fulfill({ json: many.slice(from, from + limit) });
  });
  await bridge.emit('open', { conversation: guests['Ottoline Frey'].id, message: null });
  await page.getByRole('region', { name: 'Ottoline Frey' }).waitFor();
  await until('the first page', async () => (await grid.count()) === 18);
  const more = panel(page).getByRole('button', { name: t('load_more') });
  await more.focus();
  await page.keyboard.press('Enter');
  await until('the second', async () => (await grid.count()) === 36);
  await until('the focus', async () => (await grid.evaluateAll((all) => all.indexOf(document.activeElement))) === 18);
  await more.click();
  await until('all of them', async () => (await grid.count()) === 40);
  await more.waitFor({ state: 'detached' });
  await nothingClipped(page, 'the panel');
});

contact('leads from a file to its message', 'Priya Nair', async (page) => {
  await panel(page).getByRole('button', { name: /order\.pdf/ }).click();
  await page.locator('.spot').filter({ hasText: 'order.pdf' }).waitFor();
});

for (const [width, height] of [[900, 700], [600, 800]]) {
  contact(`opens over the thread at ${width} × ${height}, holds the focus and gives it back`, 'Priya Nair', async (page) => {
    assert.equal(await panel(page).count(), 0);
    await toggle(page).click();
    await sheet(page).getByText(like('kept_since', { count: 19, shown: 19 })).waitFor();
    await accessible(page, 'the sheet');
    await nothingClipped(page, 'the sheet');
    for (let i = 0; i < 12; i += 1) {
      await page.keyboard.press('Tab');
      assert.equal(await sheet(page).evaluate((dialog) => dialog.contains(document.activeElement)), true);
    }
    await page.keyboard.press('Escape');
    await sheet(page).waitFor({ state: 'detached' });
    await until('the focus', () => toggle(page).evaluate((button) => button === document.activeElement));
  }, { width, height, theme: width === 600 ? 'dark' : 'light' });
}

contact('a picture of the sheet opens large', 'Priya Nair', async (page) => {
  await toggle(page).click();
  await sheet(page).getByRole('group', { name: t('media') }).getByRole('button').first().click();
  await page.getByRole('dialog', { name: 'Priya Nair' }).getByRole('img').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}, { width: 900, height: 700 });
