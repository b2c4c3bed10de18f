// The page of the webhook receiver, with real deliveries of the simulator.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { connectPage } from './lib/guests.mjs';
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

test('a Page has its word for the dashboard, says whether it can be believed, and is subscribed', async () => {
  const bridge = await Bridge.start('demo');
  try {
    await connectPage(bridge);
    await bridge.invoke('set_webhooks', { settings: { on: true, port: null, everywhere: false, public_url: null } });
    const { places, settings, listening } = await until('it listens', async () => {
      const page = await bridge.invoke('webhooks');
      return page.listening !== null && page.places.some((place) => place.provider === 'meta') && page;
    });
    // Graph asks the address for the word while it is registered.
    await bridge.invoke('set_webhooks', { settings: { ...settings, public_url: listening } });
    const meta = places.find((place) => place.provider === 'meta');
    for (const [width, theme] of [[1280, 'light'], [420, 'dark']]) {
      const { page, problems, close } = await bridge.page(browser, { width, theme });
      await openPage(page);
      const place = page.getByRole('listitem', { name: `${meta.name} Meta` });
      const word = await bridge.invoke('webhook_verify_word', { connection: meta.connection });
      await place.getByText(t('hooks_verify_word')).waitFor();
      assert.equal((await place.innerText()).includes(word), false);
      await place.getByRole('button', { name: t('hooks_show_word') }).click();
      await place.getByText(word).waitFor();
      await place.getByRole('button', { name: t('hooks_hide_word') }).click();
      await place.getByText(word).waitFor({ state: 'detached' });
      assert.equal(await place.getByText(t('hooks_no_secret')).count(), 0);
      await place.getByRole('button', { name: t('hooks_register', { provider: 'Meta' }) }).click();
      await place.getByText(t('hooks_registered', { provider: 'Meta' })).waitFor();
      await place.getByText(t('hooks_subscribed')).waitFor();
      await place.scrollIntoViewIfNeeded();
      await shot(page, `webhooks-meta-${theme}-${width}`);
      await accessible(page, 'the place of a Page');
      await nothingClipped(page, 'the place of a Page');
      assert.deepEqual(problems, []);
      await close();
    }
  } finally {
    await bridge.stop();
  }
});

test('without the secret of its app a Page is not believed, and the way to add it is one click', async () => {
  const bridge = await Bridge.start('demo');
  try {
    await connectPage(bridge);
    await bridge.invoke('set_webhooks', { settings: { on: true, port: null, everywhere: false, public_url: null } });
    const { page, close } = await bridge.page(browser);
    await page.route('**/invoke/webhooks', async (route) => {
      const response = await route.fetch();
      const body = await response.json();
      for (const place of body.places) if (place.provider === 'meta') place.verifiable = false;
      await route.fulfill({ response, json: body });
    });
    await openPage(page);
    const place = page.getByRole('listitem').filter({ hasText: t('hooks_no_secret') });
    await shot(page, 'webhooks-meta-without-secret');
    assert.equal(await place.getByRole('button', { name: t('hooks_test') }).count(), 0);
    await place.getByRole('button', { name: t('new_keys'), exact: true }).click();
    await page.getByLabel(t('meta_token'), { exact: true }).waitFor();
    await close();
  } finally {
    await bridge.stop();
  }
});

test('a delivery to myself says whether the public address leads here', async () => {
  const bridge = await Bridge.start('demo');
  try {
    await bridge.invoke('set_webhooks', { settings: { on: true, port: null, everywhere: false, public_url: 'https://hook.example.test' } });
    const answers = [{ kind: 'came_back', took_ms: 41 }, { kind: 'wrong_signature' }, { kind: 'timed_out', within_s: 10 }, { kind: 'refused', status: 502 }, { kind: 'unreachable' }];
    const { page, problems, close } = await bridge.page(browser);
    await page.route('**/invoke/test_webhook', async (route) => await route.fulfill({ json: answers.shift() }));
    await openPage(page);
    const words = [t('hooks_test_came_back', { ms: '41' }), t('hooks_test_signature'), t('hooks_test_timed_out', { seconds: '10' }), t('hooks_test_refused', { status: '502' }), t('hooks_test_unreachable')];
    for (const sentence of words) {
      await page.getByRole('button', { name: t('hooks_test'), exact: true }).first().click();
      await page.getByText(sentence, { exact: true }).waitFor();
    }
    await accessible(page, 'a test that failed');
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
