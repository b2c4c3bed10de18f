// The page of the webhook receiver, with real deliveries of the simulator.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { t } from '../shared/texts.mjs';
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
  await page.screenshot({ path: join(SHOTS, `${name}.png`), fullPage: true });
}

async function openPage(page) {
  await page.getByRole('option').first().waitFor();
  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: t('hooks'), exact: true }).click();
  await page.getByRole('heading', { name: t('hooks'), exact: true }).waitFor();
}

test('is off until it is switched on, registers, and shows what came and what was refused', async () => {
  const bridge = await Bridge.start('demo');
  try {
    const { page, problems, close } = await bridge.page(browser);
    await openPage(page);
    const on = page.getByRole('switch', { name: t('hooks_on') });
    assert.equal(await on.isChecked(), false);
    await page.getByText(t('hooks_off')).waitFor();
    await on.click();
    await page.getByText(/Listens at http:\/\/127\.0\.0\.1:\d+/).waitFor();
    const { listening, places } = await bridge.invoke('webhooks');
    assert.ok(places.length > 0);

    // An address that is no address is refused in words, and a good one is kept.
    const address = page.getByRole('textbox', { name: t('hooks_public') });
    await address.fill('http://hook.example.test');
    await page.getByRole('button', { name: t('save'), exact: true }).click();
    await page.getByRole('alert').waitFor();
    await address.fill(listening);
    await page.getByRole('button', { name: t('save'), exact: true }).click();
    await page.getByText(t('hooks_told')).first().waitFor();

    // The secret part is hidden until it is asked for.
    const secret = places[0].local_url.split('/').at(-1);
    assert.equal((await page.locator('main').innerText()).includes(secret), false);
    await page.getByRole('button', { name: t('hooks_show') }).first().click();
    await page.getByText(secret).first().waitFor();
    await page.getByRole('button', { name: t('hooks_hide') }).first().click();

    const ayrshare = places.findIndex((place) => place.provider === 'ayrshare');
    if (ayrshare >= 0) {
      const place = page.getByRole('listitem').filter({ has: page.getByRole('heading', { level: 3 }) }).nth(ayrshare);
      await place.getByRole('button', { name: t('hooks_register', { provider: 'Ayrshare' }) }).click();
      await place.getByText(t('hooks_registered', { provider: 'Ayrshare' })).waitFor();
      const chat = (await bridge.simulator.chats('instagram'))[0];
      await bridge.simulator.inbound(chat, 'At once, by a webhook');
      await page.getByRole('cell', { name: t('hooks_taken_in') }).first().waitFor();
      await page.getByRole('cell', { name: t('hooks_kind_message') }).first().waitFor();
    }

    // Forged and unreadable ones are named.
    const answer = await fetch(places[0].local_url, { method: 'POST', body: '{}' });
    assert.equal(answer.status, 404);
    assert.equal(await answer.text(), '');
    await page.getByRole('cell', { name: t('hooks_forged') }).first().waitFor();
    await accessible(page, 'the page of webhooks');

    await page.getByRole('switch', { name: t('hooks_everywhere') }).click();
    await page.getByText(t('hooks_everywhere_warning')).waitFor();
    await page.getByRole('switch', { name: t('hooks_everywhere') }).click();
    await page.getByText(t('hooks_everywhere_warning')).waitFor({ state: 'detached' });

    await on.click();
    await page.getByText(t('hooks_off')).waitFor();
    await until('nobody listens', async () => await fetch(places[0].local_url).then(() => false, () => true));
    assert.deepEqual(problems, []);
    await close();
  } finally {
    await bridge.stop();
  }
});

test('reads in light and dark, at three widths', async () => {
  const bridge = await Bridge.start('demo');
  try {
    await bridge.invoke('set_webhooks', { settings: { on: true, port: null, everywhere: true, public_url: 'https://hook.example.test/backscroll' } });
    const { places } = await until('it listens', async () => {
      const page = await bridge.invoke('webhooks');
      return page.places.length > 0 && page;
    });
    for (const body of ['{}', 'x'.repeat(1024 * 1024 + 1)]) await fetch(places[0].local_url, { method: 'POST', body }).catch(() => {});
    for (const theme of ['light', 'dark']) {
      for (const width of [1280, 900, 420]) {
        const { page, problems, close } = await bridge.page(browser, { theme, width });
        await openPage(page);
        await page.getByRole('table').waitFor();
        const what = `webhooks, ${theme}, ${width}`;
        await shot(page, `webhooks-${theme}-${width}`);
        await page.locator('main').evaluate((main) => main.scrollTo(0, main.scrollHeight));
        await shot(page, `webhooks-${theme}-${width}-end`);
        await accessible(page, what);
        await nothingClipped(page, what);
        assert.deepEqual(problems, []);
        await close();
      }
    }
  } finally {
    await bridge.stop();
  }
});
