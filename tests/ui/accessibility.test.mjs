// Every screen and state, light and dark, through axe.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { t, like } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { accessible, Bridge, startBrowser } from './lib/page.mjs';

let browser;
let demo;
let empty;

before(async () => {
  [browser, demo, empty] = await Promise.all([startBrowser(), Bridge.start('demo'), Bridge.start('empty')]);
});
after(async () => {
  await Promise.all([browser?.close(), demo?.stop(), empty?.stop()]);
});

/** What is looked at, and how to get there. Read-only: both themes see the same. */
const screens = {
  'the first run': [() => empty, async (page) => {
    await page.getByRole('heading', { name: t('welcome_title') }).waitFor();
  }],
  'connecting': [() => empty, async (page) => {
    await page.getByRole('button', { name: /Ayrshare/ }).click();
    await page.getByLabel(t('api_key'), { exact: true }).waitFor();
  }],
  'a refused key': [() => empty, async (page) => {
    await check(page, empty, 'WRONG-KEY');
    await page.getByRole('alert').waitFor();
  }],
  'the profiles of a key': [() => empty, async (page) => {
    await check(page, empty, empty.simulator.secrets.api_key);
    await page.getByRole('button', { name: t('other_key') }).waitFor();
  }],
  'the list, nothing selected': [() => demo, async (page) => {
    await page.getByRole('option').first().waitFor();
  }],
  'a thread': [() => demo, async (page) => {
    await openFirst(page);
  }],
  'a thread with a picture': [() => demo, async (page) => {
    await openFirst(page);
    await page.getByRole('option').nth(1).click();
    await page.getByRole('article').first().waitFor();
  }],
  'the menu of sorting': [() => demo, async (page) => {
    await page.getByRole('button', { name: t('sort_and_filter') }).click();
    await page.getByRole('menu').waitFor();
  }],
  'the menu of a message': [() => demo, async (page) => {
    await openFirst(page);
    await page.getByRole('article').last().hover();
    await page.getByRole('button', { name: t('message_menu') }).last().click();
    await page.getByRole('menu').waitFor();
  }],
  'details of a message': [() => demo, async (page) => {
    await openFirst(page);
    await page.getByRole('article').last().hover();
    await page.getByRole('button', { name: t('message_menu') }).last().click();
    await page.getByRole('menuitem', { name: t('details') }).click();
    await page.getByRole('dialog').getByText(t('detail_remote_id')).waitFor();
  }],
  'settings': [() => demo, async (page) => {
    await page.getByRole('button', { name: t('settings') }).click();
    await page.getByRole('heading', { name: t('settings'), exact: true }).waitFor();
  }],
  'an account': [() => demo, async (page) => {
    await page.getByRole('button', { name: t('settings') }).click();
    await page.getByRole('listitem').getByRole('button').first().click();
    await page.getByRole('heading', { name: t('history') }).waitFor();
    await page.getByText(t('kept'), { exact: true }).waitFor();
  }],
  'the shortcuts': [() => demo, async (page) => {
    await page.getByRole('option').first().waitFor();
    await page.keyboard.press('Control+/');
    await page.getByRole('dialog', { name: t('shortcuts') }).waitFor();
  }],
  'an empty filter': [() => demo, async (page) => {
    await page.getByRole('button', { name: t('sort_and_filter') }).click();
    await page.getByRole('menuitemradio', { name: t('platform_all') }).waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('button', { name: t('chip_closing'), exact: true }).click();
  }],
  'one column, the list': [() => demo, async (page) => {
    await page.setViewportSize({ width: 600, height: 800 });
    await page.getByRole('option').first().waitFor();
  }],
  'one column, a thread': [() => demo, async (page) => {
    await page.setViewportSize({ width: 600, height: 800 });
    await openFirst(page);
    await page.getByRole('button', { name: t('back') }).waitFor();
  }],
  'the smallest window': [() => demo, async (page) => {
    await page.setViewportSize({ width: 360, height: 480 });
    await openFirst(page);
  }],
};

for (const [what, [bridge, go]] of Object.entries(screens)) {
  for (const theme of ['light', 'dark']) {
    test(`${what}, ${theme}, has no accessibility problem`, async () => {
      const { page, problems, close } = await bridge().page(browser, { theme });
      await go(page);
      await accessible(page, what);
      assert.deepEqual(problems, []);
      await close();
    });
  }
}

/** States that change the world have a world of their own. */
test('failures have no accessibility problem, in either theme', async () => {
  const bridge = await Bridge.start('demo');
  try {
    const light = await bridge.page(browser, { theme: 'light' });
    const { page } = light;
    await openFirst(page);
    await bridge.simulator.fail({ kind: 'status', http: 400 }, { method: 'POST', path: '/messages' });
    await page.getByRole('textbox', { name: like('composer_label') }).fill('This one is refused');
    await page.getByRole('button', { name: t('send'), exact: true }).or(page.getByRole('button', { name: t('send_anyway') })).click();
    await page.locator('.why').first().waitFor();
    await accessible(page, 'a refused message');

    await bridge.simulator.control('revoke-key', {});
    await bridge.sync().catch(() => {});
    await page.getByRole('button', { name: t('fix_reconnect') }).first().waitFor();
    await accessible(page, 'an expired key, light');
    const dark = await bridge.page(browser, { theme: 'dark' });
    await openFirst(dark.page);
    await dark.page.getByRole('button', { name: t('fix_reconnect') }).first().waitFor();
    await accessible(dark.page, 'an expired key, dark');
    await light.close();
    await dark.close();
  } finally {
    await bridge.stop();
  }
});

async function openFirst(page) {
  await page.getByRole('option').first().click();
  await until('a thread', async () => (await page.getByRole('article').count()) > 0);
}

async function check(page, bridge, key) {
  await page.getByRole('button', { name: /Ayrshare/ }).click();
  await page.getByLabel(t('api_key'), { exact: true }).fill(key);
  await page.getByText(t('other_address')).click();
  await page.getByLabel(t('api_address')).fill(bridge.simulator.apiBase);
  await page.getByRole('button', { name: t('check_key') }).click();
}
