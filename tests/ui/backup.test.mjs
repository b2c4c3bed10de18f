// Backups: made, listed and restored in the settings and in the first run, and the notice afterwards.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { t } from '../shared/texts.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

const SHOTS = process.env.BACKSCROLL_SHOTS;
const NOW = Date.UTC(2026, 10, 22, 9, 52, 17);

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

async function openPage(page) {
  await page.keyboard.press('Control+,');
  await page.getByRole('button', { name: t('backups'), exact: true }).click();
  await page.getByRole('heading', { name: t('backups'), exact: true }).waitFor();
}

const day = 86_400_000;
const entry = (at, more = {}) => ({ name: `backscroll-1f2e3d4c-${at}-v1.db`, at, bytes: 252_022_784, messages: 212_940, foreign: false, newer: false, ...more });
const state = (more = {}) => ({ folder: null, folder_gone: false, running: null, made_at: null, failed: null, list: [], ...more });

/** The page as if the inbox said this of its backups. */
async function told(page, answer) {
  await page.route('**/invoke/backups', (route) => route.fulfill({ contentType: 'application/json', body: JSON.stringify(answer) }));
}

test('one is made, shown and listed', async () => {
  const bridge = await Bridge.start('demo');
  try {
    const { page, problems, close } = await bridge.page(browser);
    await page.getByRole('option').first().waitFor();
    await openPage(page);
    await page.getByText(t('backups_never')).waitFor();
    await page.getByRole('button', { name: t('backups_now') }).click();
    await page.getByText(/Last backup:/).waitFor();
    await page.getByRole('listitem').filter({ hasText: /messages/ }).waitFor();
    await accessible(page, 'backups');
    await nothingClipped(page, 'backups');
    assert.deepEqual(problems, []);
    await close();
  } finally {
    await bridge.stop();
  }
});

test('each state is said in words, and restoring says first what it does', async () => {
  const bridge = await Bridge.start('empty');
  try {
    for (const theme of ['light', 'dark']) {
      for (const [name, answer, words] of [
        ['failed', state({ folder: 'USB drive', folder_gone: true, made_at: NOW - day, failed: { at: NOW, code: 'folder_gone' } }), t('error_folder_gone')],
        ['running', state({ running: 40, made_at: NOW - day }), /40/],
        ['list', state({ made_at: NOW, list: [entry(NOW), entry(NOW - day), entry(NOW - 40 * day, { foreign: true }), entry(NOW - 90 * day, { newer: true }), entry(NOW - 400 * day, { messages: null })] }), t('backup_newer')],
      ]) {
        const { page, problems, close } = await bridge.page(browser, { theme });
        await page.getByText(t('welcome_title')).waitFor();
        await told(page, answer);
        await openPage(page);
        await page.getByText(words).first().waitFor();
        await shot(page, `backups-${name}-${theme}`);
        await accessible(page, `backups ${name} ${theme}`);
        await nothingClipped(page, `backups ${name}`);
        if (name === 'list') {
          const buttons = page.getByRole('button', { name: /^Restore the backup of/ });
          assert.deepEqual(await buttons.evaluateAll((all) => all.map((one) => one.disabled)), [false, false, false, true, true]);
          let asked = null;
          await page.route('**/invoke/restore_backup', (route) => {
            asked = route.request().postDataJSON();
            return route.fulfill({ status: 500, contentType: 'application/json', body: JSON.stringify({ code: 'not_a_backup', retry_at: null, detail: 'x' }) });
          });
          await buttons.nth(1).click();
          await page.getByText(t('backup_sure_sending')).waitFor();
          await shot(page, `backups-sure-${theme}`);
          await accessible(page, 'the question');
          await page.getByRole('button', { name: t('cancel') }).click();
          assert.equal(asked, null);
          await buttons.nth(1).click();
          await page.getByRole('button', { name: t('backup_go') }).click();
          await page.getByRole('alert').filter({ hasText: t('error_not_a_backup') }).waitFor();
          assert.deepEqual(asked, { name: answer.list[1].name });
        }
        assert.deepEqual(problems, []);
        await close();
      }
    }
  } finally {
    await bridge.stop();
  }
});

test('the first run offers the backups that are there', async () => {
  const bridge = await Bridge.start('empty');
  try {
    for (const theme of ['light', 'dark']) {
      const { page, problems, close } = await bridge.page(browser, { theme });
      await page.getByText(t('welcome_title')).waitFor();
      await told(page, state({ list: [entry(NOW, { foreign: true })] }));
      await page.getByRole('button', { name: t('backups_restore'), exact: true }).click();
      await page.getByRole('button', { name: t('backup_other') }).waitFor();
      await page.getByRole('button', { name: /^Restore the backup of/ }).waitFor();
      await shot(page, `backups-welcome-${theme}`);
      await accessible(page, 'welcome');
      await nothingClipped(page, 'welcome');
      assert.deepEqual(problems, []);
      await close();
    }
  } finally {
    await bridge.stop();
  }
});

test('what took the place of the history is said until it was read', async () => {
  const bridge = await Bridge.start('demo');
  try {
    for (const [theme, width] of [['light', 1280], ['dark', 1280], ['light', 560]]) {
      const { page, problems, close } = await bridge.page(browser, { theme, width });
      await page.route('**/invoke/boot', async (route) => {
        const answer = await route.fetch();
        const restored = { at: NOW, cause: 'damaged', outcome: { kind: 'backup', made_at: NOW - day }, aside: 'backscroll.db.damaged-1795341137000', unsure: 2 };
        await route.fulfill({ response: answer, json: { ...(await answer.json()), restored } });
      });
      await page.reload();
      const notice = page.getByRole('status').filter({ hasText: 'backscroll.db.damaged-1795341137000' });
      await notice.waitFor();
      assert.match(await notice.innerText(), /2 messages may have been sent since/);
      await shot(page, `backups-notice-${theme}-${width}`);
      await accessible(page, 'the notice');
      await nothingClipped(page, 'the notice');
      await notice.getByRole('button', { name: t('dismiss') }).click();
      await notice.waitFor({ state: 'detached' });
      assert.deepEqual(problems, []);
      await close();
    }
  } finally {
    await bridge.stop();
  }
});
