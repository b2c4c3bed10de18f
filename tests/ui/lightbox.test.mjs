// Pictures and videos as large as the window, and players in the thread.
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

function priya(name, run, options) {
  test(name, async () => {
    const { page, problems, close } = await bridge.page(browser, options);
    await page.getByRole('option').first().waitFor();
    await openThread(page, bridge, guests['Priya Nair']);
    await run(page);
    assert.deepEqual(problems, []);
    await close();
  });
}

const pane = (page) => page.locator('[data-section=timeline]');
const scroll = async (page, part) => await pane(page).evaluate((element, part) => (element.scrollTop = (element.scrollHeight - element.clientHeight) * part), part);
const pictures = (page) => pane(page).getByRole('button', { name: like('picture_from') });
const box = (page) => page.getByRole('dialog', { name: 'Priya Nair' });
const shown = (page) => box(page).getByRole('img', { name: like('picture_from') });
const source = async (page) => await shown(page).getAttribute('src');

/** Opens the newest picture. */
async function open(page) {
  await scroll(page, 1);
  await pictures(page).last().click();
  await shown(page).waitFor();
}

priya('a picture opens large; Escape closes it and gives the focus back', async (page) => {
  await open(page);
  await accessible(page, 'the lightbox');
  await nothingClipped(page, 'the lightbox');
  for (let i = 0; i < 12; i += 1) {
    await page.keyboard.press('Tab');
    assert.equal(await box(page).evaluate((dialog) => dialog.contains(document.activeElement)), true, 'the focus is held');
  }
  await page.keyboard.press('Escape');
  await box(page).waitFor({ state: 'detached' });
  await until('the focus', () => pictures(page).last().evaluate((picture) => picture === document.activeElement));
});

priya('arrows page through the pictures and videos of the conversation, both ways', async (page) => {
  await open(page);
  const newest = await source(page);
  await box(page).getByRole('button', { name: t('older_media') }).waitFor();
  assert.equal(await box(page).getByRole('button', { name: t('newer_media') }).count(), 0);
  await page.keyboard.press('ArrowLeft');
  await until('the older one', async () => (await source(page)) !== newest);
  await page.keyboard.press('ArrowRight');
  await until('the newest again', async () => (await source(page)) === newest);
  await page.keyboard.press('ArrowRight');
  assert.equal(await source(page), newest);
  await page.keyboard.press('Home');
  await until('the oldest', async () => (await box(page).getByRole('button', { name: t('older_media') }).count()) === 0);
  assert.notEqual(await source(page), newest);
  await page.keyboard.press('End');
  await until('the newest', async () => (await source(page)) === newest);
});

priya('one that is in the middle has its neighbours on both sides', async (page) => {
  await scroll(page, 1);
  await pictures(page).nth(-2).click();
  await shown(page).waitFor();
  await box(page).getByRole('button', { name: t('newer_media') }).waitFor();
  await box(page).getByRole('button', { name: t('older_media') }).waitFor();
});

priya('only the neighbours are loaded ahead', async (page) => {
  const asked = [];
  page.on('request', (request) => request.url().includes('/media/') && asked.push(request.url()));
  await open(page);
  await box(page).getByRole('button', { name: t('older_media') }).waitFor();
  const oldest = (await bridge.invoke('media_of', { conversation: guests['Priya Nair'].id, before: null, limit: 50 })).filter((item) => item.attachment.kind === 'image').at(-1);
  asked.length = 0;
  await page.keyboard.press('ArrowLeft');
  await until('the older one', async () => (await box(page).getByRole('button', { name: t('newer_media') }).count()) === 1);
  assert.ok(asked.every((url) => !url.includes(oldest.attachment.file.path)), asked.join('\n'));
});

priya('plus, minus, 0 and the wheel change the size; a drag moves what is larger than the window', async (page) => {
  await open(page);
  const width = async () => (await shown(page).boundingBox()).width;
  const fitted = await width();
  await page.keyboard.press('+');
  await until('larger', async () => (await width()) > fitted * 1.3);
  await page.keyboard.press('-');
  await until('fitted', async () => Math.abs((await width()) - fitted) < 1);
  await page.mouse.move(640, 420);
  for (let i = 0; i < 8; i += 1) await page.mouse.wheel(0, -120);
  await until('larger by the wheel', async () => (await width()) > fitted * 2);
  const { x } = await shown(page).boundingBox();
  await page.mouse.down();
  await page.mouse.move(740, 420, { steps: 4 });
  await page.mouse.up();
  await until('moved', async () => Math.abs((await shown(page).boundingBox()).x - x - 100) < 2);
  await page.keyboard.press('0');
  await until('fitted again', async () => Math.abs((await width()) - fitted) < 1);
});

priya('“Show in chat” leads to the message', async (page) => {
  await open(page);
  await page.keyboard.press('Home');
  await until('the oldest', async () => (await box(page).getByRole('button', { name: t('older_media') }).count()) === 0);
  await box(page).getByRole('button', { name: t('show_in_chat') }).click();
  await box(page).waitFor({ state: 'detached' });
  await page.locator('.spot').getByRole('img', { name: like('picture_from') }).waitFor();
});

for (const [width, height, theme] of [[1280, 800, 'dark'], [900, 700, 'light'], [600, 800, 'dark']]) {
  priya(`fits ${width} × ${height}, ${theme}`, async (page) => {
    await open(page);
    await accessible(page, 'the lightbox');
    await nothingClipped(page, 'the lightbox');
    const picture = await shown(page).boundingBox();
    assert.ok(picture.x >= 0 && picture.x + picture.width <= width && picture.y >= 52 && picture.y + picture.height <= height, JSON.stringify(picture));
  }, { width, height, theme });
}

const film = (page) => pane(page).locator('video:not([aria-hidden])');
const voice = (page) => pane(page).getByRole('group', { name: like('sound_from') });
const toPlayers = async (page) => {
  await scroll(page, 0.2);
  await voice(page).waitFor();
};

/** What its player says of the voice message: where it is, how long it is in all, and whether it plays. */
const sounds = async (page) => {
  const position = voice(page).getByRole('slider', { name: t('position') });
  const [at, length] = await position.evaluate((slider) => [slider.valueAsNumber, slider.disabled ? 0 : Number(slider.max)]);
  return { at, length, plays: (await voice(page).getByRole('button', { name: t('pause'), exact: true }).count()) > 0 };
};
const play = (page) => voice(page).getByRole('button', { name: t('play'), exact: true }).click();

priya('a voice message plays, seeks and goes faster; nothing plays unasked', async (page) => {
  await toPlayers(page);
  assert.equal(await film(page).count(), 0);
  // Its first frame is shown, and no more than that is read.
  const poster = pane(page).locator('video[aria-hidden]');
  await until('the first frame', () => poster.evaluate((element) => element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && element.paused && getComputedStyle(element).opacity === '1'));
  await until('its length', async () => (await sounds(page)).length > 0);
  assert.deepEqual(await sounds(page).then(({ at, plays }) => [at, plays]), [0, false]);
  await accessible(page, 'the player');
  const position = voice(page).getByRole('slider', { name: t('position') });
  await position.fill('1');
  await until('it moved', async () => Math.abs((await sounds(page)).at - 1) < 0.2);
  for (const speed of [1.5, 2, 1]) {
    await voice(page).getByRole('button', { name: like('speed') }).click();
    await voice(page).getByRole('button', { name: t('speed', { speed: String(speed) }), exact: true }).waitFor();
  }
  await position.fill('0');
  await play(page);
  await until('it plays', async () => (await sounds(page)).at > 0.05);
});

priya('a voice message plays on while its row is out of sight, and its controls stay', async (page) => {
  // Longer than all of this takes.
  await page.evaluate(() => {
    const { play } = HTMLMediaElement.prototype;
    HTMLMediaElement.prototype.play = function () {
      this.loop = true;
      return play.call(this);
    };
  });
  await toPlayers(page);
  await until('its length', async () => (await sounds(page)).length > 0);
  await play(page);
  await until('it plays', async () => (await sounds(page)).at > 0.05);
  const bar = page.getByRole('group', { name: t('now_playing') });
  assert.equal(await bar.count(), 0);
  await scroll(page, 1);
  await bar.waitFor();
  await bar.getByRole('button', { name: t('pause'), exact: true }).click();
  await bar.getByRole('button', { name: t('play'), exact: true }).waitFor();
  await accessible(page, 'what plays out of sight');
  await nothingClipped(page, 'what plays out of sight');
  // Back to where it is, and on from there.
  await bar.getByRole('button', { name: like('sound_from') }).click();
  await bar.waitFor({ state: 'detached' });
  await voice(page).waitFor();
  const { at } = await sounds(page);
  assert.ok(at > 0.05, String(at));
  await play(page);
  await until('it plays on', async () => (await sounds(page)).at > at);
  await scroll(page, 1);
  await bar.getByRole('button', { name: t('stop_playing') }).click();
  await bar.waitFor({ state: 'detached' });
  await toPlayers(page);
  assert.equal((await sounds(page)).plays, false);
});

priya('a video plays in the thread, and one thing plays at a time', async (page) => {
  await toPlayers(page);
  await pane(page).getByRole('button', { name: like('play_video') }).click();
  await until('the film plays', () => film(page).evaluate((element) => element.currentTime > 0.05 && !element.paused));
  await play(page);
  await until('the sound plays', async () => (await sounds(page)).at > 0);
  await until('the film does not', () => film(page).evaluate((element) => element.paused));
});

priya('a video opens large too, and stops when it is closed', async (page) => {
  await toPlayers(page);
  await pane(page).getByRole('button', { name: t('enlarge') }).click();
  const large = box(page).locator('video');
  await until('it plays', () => large.evaluate((element) => element.currentTime > 0.02));
  await accessible(page, 'a video');
  await page.keyboard.press('Escape');
  await box(page).waitFor({ state: 'detached' });
  assert.equal(await page.locator('video:not([aria-hidden])').count(), 0);
});
