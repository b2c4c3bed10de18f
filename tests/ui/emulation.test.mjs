// The same screens for other eyes: mirrored, in forced colours, at 200 % zoom. `BACKSCROLL_SHOTS=DIR` keeps pictures.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { connectPage, openThread } from './lib/guests.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

const SHOTS = process.env.BACKSCROLL_SHOTS;

let browser;
let bridge;
let guests;
before(async () => {
  [browser, bridge] = await Promise.all([startBrowser(), Bridge.start('demo')]);
  guests = await connectPage(bridge);
  await bridge.invoke('set_webhooks', { settings: { on: true, port: null, everywhere: false, public_url: 'https://hook.example.test/backscroll' } });
  await until('it listens', async () => (await bridge.invoke('webhooks')).places.length > 0);
});
after(async () => {
  await Promise.all([browser?.close(), bridge?.stop()]);
});

const account = async (page) => {
  await page.keyboard.press('Control+,');
  await page.locator('button.account').first().waitFor();
};
const part = (page, of) => page.locator('[data-section=timeline]').evaluate((pane, of) => (pane.scrollTop = (pane.scrollHeight - pane.clientHeight) * of), of);

const screens = {
  inbox: async () => {},
  'end of a thread': async (page) => openThread(page, bridge, guests['Priya Nair']),
  'middle of a thread': async (page) => {
    await openThread(page, bridge, guests['Priya Nair']);
    await part(page, 0.35);
  },
  stories: async (page) => {
    await openThread(page, bridge, guests['Ottoline Frey']);
    await part(page, 0.2);
  },
  gap: async (page) => {
    await openThread(page, bridge, guests['Lido Canteen']);
    await part(page, 0);
  },
  settings: account,
  account: async (page) => {
    await account(page);
    await page.locator('button.account').first().click();
    await page.getByText(t('last_read'), { exact: true }).waitFor();
  },
  webhooks: async (page) => {
    await account(page);
    await page.getByRole('button', { name: t('hooks'), exact: true }).click();
    await page.getByRole('heading', { name: t('hooks_connections') }).waitFor();
  },
};

const modes = {
  mirrored: { prepare: (page) => page.evaluate(() => (document.documentElement.dir = 'rtl')) },
  'mirrored, one column': { width: 600, prepare: (page) => page.evaluate(() => (document.documentElement.dir = 'rtl')) },
  'forced colours': { prepare: (page) => page.emulateMedia({ forcedColors: 'active' }) },
  'forced colours, dark': { theme: 'dark', prepare: (page) => page.emulateMedia({ forcedColors: 'active' }) },
  'zoomed to 200 %': { width: 640, height: 400 },
  'zoomed to 400 %': { width: 320, height: 256 },
};

for (const [mode, { prepare, ...options }] of Object.entries(modes)) {
  for (const [name, reach] of Object.entries(screens)) {
    test(`${name}, ${mode}: nothing is cut, and the focus is seen`, async () => {
      const { page, problems, close } = await bridge.page(browser, options);
      await page.getByRole('option').first().waitFor();
      await prepare?.(page);
      await reach(page);
      await shot(page, `${mode} ${name}`);
      await nothingClipped(page, `${name}, ${mode}`);
      await apart(page, `${name}, ${mode}`);
      await accessible(page, `${name}, ${mode}`);
      await seenFocus(page, `${name}, ${mode}`);
      assert.deepEqual(problems, []);
      await close();
    });
  }
}

async function shot(page, name) {
  if (!SHOTS) return;
  mkdirSync(SHOTS, { recursive: true });
  await page.screenshot({ path: join(SHOTS, `${name.replaceAll(/[^a-z0-9]+/g, '-')}.png`) });
}

/** In a bubble the time stands beside or under the last line, never on it. */
async function apart(page, what) {
  const close = await page.locator('.bubble').evaluateAll((bubbles) => bubbles.flatMap((bubble) => {
    const text = bubble.querySelector('.text');
    const time = bubble.querySelector('.meta')?.getBoundingClientRect();
    if (!text || !time) return [];
    const range = document.createRange();
    range.selectNodeContents(text);
    const touches = (line) => line.top < time.bottom && line.bottom > time.top && line.left - 4 < time.right && line.right + 4 > time.left;
    return [...range.getClientRects()].some(touches) ? [text.textContent.slice(0, 40)] : [];
  }));
  assert.deepEqual(close, [], what);
}

/** Each stop of the Tab key has a ring, and stands where it can be seen. */
async function seenFocus(page, what) {
  for (let stop = 0; stop < 14; stop += 1) {
    await page.keyboard.press('Tab');
    const lost = await page.evaluate(() => {
      const element = document.activeElement;
      if (element === null || element === document.body) return null;
      const style = getComputedStyle(element);
      const box = element.getBoundingClientRect();
      const name = `${element.tagName} “${(element.getAttribute('aria-label') ?? element.textContent).trim().slice(0, 40)}”`;
      // A frame around it may carry the ring: the composer's does.
      const ringed = (one) => one !== null && ((getComputedStyle(one).outlineStyle !== 'none' && Number.parseFloat(getComputedStyle(one).outlineWidth) >= 1) || one.matches(':focus-within') && getComputedStyle(one).boxShadow !== 'none');
      if (!ringed(element) && !ringed(element.parentElement) && !ringed(element.closest('form, .composer'))) return `${name} has no ring: ${style.outline}`;
      if (box.bottom < 0 || box.top > innerHeight || box.right < 0 || box.left > innerWidth) return `${name} is out of sight`;
      return null;
    });
    assert.equal(lost, null, what);
  }
}
