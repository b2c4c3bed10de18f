// What the tests of the real window do again and again.
import assert from 'node:assert/strict';
import { like, t } from '../../shared/texts.mjs';
import { until } from '../../shared/process.mjs';
import { openWindow } from './webdriver.mjs';

const PROGRAM = process.env.BACKSCROLL_DESKTOP_BIN;

/** Starts the application on this desktop and attaches to its window. */
export async function openApp(desktop, args = [], env = {}) {
  assert.ok(PROGRAM, 'BACKSCROLL_DESKTOP_BIN is not set: start the tests with `cargo xtask test app`');
  const window = await openWindow(desktop, PROGRAM, args, env);
  await until('the first screen', async () => await window.run(`() => document.querySelector('main, [role=listbox]') !== null`), 60_000);
  return window;
}

/** From the first screen: gives the key of this simulator and asks what it opens. */
export async function giveKey(window, simulator, key = simulator.secrets.api_key) {
  await window.click('button', /Ayrshare/);
  await window.type('textbox', t('api_key'), key);
  await window.click('button', t('other_address'));
  await window.type('textbox', t('api_address'), simulator.apiBase);
  await window.click('button', t('check_key'));
}

/** From the first screen to the list of conversations: connects the primary profile, X included, without its past. */
export async function connect(window, simulator) {
  await giveKey(window, simulator);
  await window.find('button', t('other_key'));
  if (await window.has('textbox', t('x_api_key'))) {
    await window.type('textbox', t('x_api_key'), simulator.secrets.x_api_key);
    await window.type('textbox', t('x_api_secret'), simulator.secrets.x_api_secret);
  }
  if (await window.has('radio', new RegExp(`^${t('x_none')}`))) await window.click('radio', new RegExp(`^${t('x_none')}`));
  await window.click('button', like('connect_profiles', { count: 1 }));
  await until('the list', async () => (await rows(window)).length > 0, 60_000);
}

/** From the first screen to the list of conversations: connects the first Page of the simulator by its token. */
export async function connectPage(window, simulator) {
  await givePageToken(window, simulator);
  await window.click('button', t('connect_page'));
  await until('the list', async () => (await rows(window)).length > 0, 60_000);
}

/** From the first screen: gives a Page's token and asks what it opens. */
export async function givePageToken(window, simulator, token = simulator.meta.secrets.page_token) {
  await window.click('button', /^Meta/);
  await window.find('textbox', t('meta_token'));
  await window.run(`() => document.querySelectorAll('details').forEach((one) => { one.open = true; })`);
  await window.type('textbox', t('api_address'), simulator.meta.api_base);
  await window.type('textbox', t('meta_token'), token);
  await window.click('button', t('check_key'));
  await window.find('button', t('connect_page'));
}

/** Opens a conversation wherever it stands in the list; what is done is opened again. */
export async function openByName(window, name) {
  const query = { platforms: [], business: null, account: null, state: null, only: null, sort: 'newest' };
  const row = await until(`a conversation with ${name}`, async () => {
    const { rows } = await window.command('conversations', { query, after: null, limit: 200 });
    return rows.find((one) => one.name === name);
  }, 60_000);
  await window.command('set_state', { conversation: row.id, state: { kind: 'open' } });
  await window.run(`() => document.querySelector('header .back')?.click()`);
  await until(`the row of ${name}`, async () => await window.run(`(id) => {
    const row = document.getElementById('conversation-' + id);
    if (row !== null) { row.click(); return true; }
    const list = document.querySelector('[role=listbox]');
    const end = list.scrollTop + list.clientHeight >= list.scrollHeight - 2;
    list.scrollTop = end ? 0 : list.scrollTop + list.clientHeight / 2;
    return false;
  }`, row.id));
  await until(`the thread with ${name}`, async () => (await window.run(`() => document.querySelector('main h2')?.textContent`)) === name);
}

/** Names in the list, top to bottom, as far as it is drawn. */
export async function rows(window) {
  return await window.run(`() => [...document.querySelectorAll('[role=option] .name bdi:first-child')].map((e) => e.textContent)`);
}

/** What the bubbles of the open thread are called: "Ines, 14:21, Could you write…". */
export async function bubbles(window) {
  return await window.run(`() => [...document.querySelectorAll('article')].map((e) => e.getAttribute('aria-label'))`);
}

/** Waits for a bubble with this text. */
export async function seesBubble(window, text, within) {
  return await until(`a bubble “${text}”`, async () => (await bubbles(window)).find((label) => label.includes(text)), within);
}

/** What the tick of the bubble with this text says: sent, not confirmed, … */
export async function tick(window, text) {
  return await window.run(
    `(text) => [...document.querySelectorAll('article')].find((e) => e.getAttribute('aria-label').includes(text))?.querySelector('.tick')?.title ?? null`,
    text,
  );
}

/** Opens the conversation with this person: over the list first, where rows hold still, then on the row. */
export async function openConversation(window, name) {
  await window.hover('listbox', t('conversations'));
  await window.click('option', new RegExp(escaped(name)));
  await until(`the thread with ${name}`, async () => (await window.run(`() => document.querySelector('main h2')?.textContent`)) === name);
}

/** Writes into the composer and sends. */
export async function send(window, text) {
  await window.type('textbox', like('composer_label'), text);
  await window.press('Enter');
}

/** The unread count that the tray's menu begins with: its first line. */
export async function trayCount(desktop) {
  return (await desktop.tray()).menu[0].label;
}

export function escaped(text) {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
