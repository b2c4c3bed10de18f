// The page in Chromium, over the bridge, against the real engine and the simulator.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { Child } from '../../shared/process.mjs';
import { Simulator } from '../../shared/simulator.mjs';

const BRIDGE = process.env.BACKSCROLL_BRIDGE_BIN;
const BROWSERS = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** One browser for a file of tests. */
export async function startBrowser() {
  return await chromium.launch({
    executablePath: process.env.CHROMIUM ?? browserInPath(),
    // The rest of a browser's own traffic is none of a test's business, and fails where there is no network.
    args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
  });
}

function browserInPath() {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const found = folders.flatMap((folder) => BROWSERS.map((name) => join(folder, name))).find((file) => existsSync(file));
  assert.ok(found, `no Chromium in PATH (${BROWSERS.join(', ')}); set CHROMIUM`);
  return found;
}

/** A running inbox with its simulator; pages are opened on it. */
export class Bridge {
  #child;
  #told;

  /** @param {'demo' | 'empty'} world with everything connected and read, or with nothing */
  static async start(world, ...args) {
    assert.ok(BRIDGE, 'BACKSCROLL_BRIDGE_BIN is not set: start the tests with `cargo xtask test ui`');
    const bridge = new Bridge();
    bridge.#child = new Child(BRIDGE, [`--${world}`, ...args]);
    bridge.#told = JSON.parse(await bridge.#child.line(undefined, { within: 60_000 }));
    bridge.simulator = Simulator.inside(bridge.#told.api);
    // What arrives is in the next answer: a test does not wait for the cache of a minute.
    await bridge.simulator.control('flags', { inbound_drops_cache: true });
    return bridge;
  }

  /** Calls a command as the page does. */
  async invoke(command, args = {}) {
    return await this.#post(`invoke/${command}`, args);
  }

  /** Lets the shell say something to the page. */
  async emit(event, payload) {
    await this.#post(`emit/${event}`, payload);
  }

  async #post(path, body) {
    const answer = await fetch(new URL(path, this.#told.url), {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-bridge-token': this.#told.token },
      body: JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${path}: ${answer.status} ${text}`);
    return text === '' ? null : JSON.parse(text);
  }

  /** Somebody writes, and it is read at once. */
  async receive(chat, ...texts) {
    for (const text of texts) await this.simulator.inbound(chat, text);
    await this.sync();
  }

  async sync() {
    await this.invoke('sync_once', { account: null });
  }

  /** The conversation of this chat, as the inbox has it. */
  async conversation(chat) {
    const query = { platforms: [], business: null, account: null, state: null, only: null, sort: 'newest' };
    let after = null;
    do {
      const page = await this.invoke('conversations', { query, after, limit: 200 });
      const found = page.rows.find((row) => row.remote_id === chat.conversation);
      if (found) return found;
      after = page.next;
    } while (after !== null);
    throw new Error(`no conversation ${chat.conversation}`);
  }

  /** A page in a window of its own. What goes wrong inside it fails the test that closes it. */
  async page(browser, { width = 1280, height = 800, theme = 'light', motion = 'reduce' } = {}) {
    const context = await browser.newContext({
      viewport: { width, height }, colorScheme: theme, reducedMotion: motion, locale: 'en-GB', timezoneId: 'UTC',
    });
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      // A refused command is an answer of the bridge; the icon of a tab is a browser's own wish.
      const { url } = message.location();
      if (message.type() === 'error' && !/\/invoke\/|favicon/.test(url)) problems.push(`${message.text()} ${url}`);
    });
    page.setDefaultTimeout(20_000);
    await page.goto(this.#told.url);
    return { page, problems, close: () => context.close() };
  }

  async stop() {
    await this.#child.stop();
  }
}

/** Fails with a readable list if axe finds anything. */
export async function accessible(page, what) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const violations = await page.evaluate(async () => {
    const tags = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
    // These three ask for the structure of a document. This is the window of an application: in one column the list is
    // all there is, and a menu or a strip over it belongs to no landmark.
    const rules = { region: { enabled: false }, 'landmark-one-main': { enabled: false }, 'page-has-heading-one': { enabled: false } };
    const result = await window.axe.run(document, { runOnly: tags, rules, resultTypes: ['violations'] });
    return result.violations.map((v) => `${v.id}: ${v.help}\n` + v.nodes.slice(0, 4).map((n) => `    ${n.html.slice(0, 200)}\n      ${n.failureSummary?.replaceAll('\n', ' ')}`).join('\n'));
  });
  assert.equal(violations.length, 0, `${what}:\n${violations.join('\n')}`);
}

/** Nothing of the page is wider than the window, and no text is cut by its box without saying so. */
export async function nothingClipped(page, what) {
  const wide = await page.evaluate(() => {
    const width = document.documentElement.clientWidth;
    const out = [];
    if (document.documentElement.scrollWidth > width) out.push(`the page scrolls sideways: ${document.documentElement.scrollWidth} > ${width}`);
    for (const element of document.querySelectorAll('button, input, textarea, h1, h2, p, bdi, time, a, [role=option]')) {
      if (element.closest('.visually-hidden, [aria-hidden=true]')) continue;
      const box = element.getBoundingClientRect();
      if (box.width === 0 || box.height === 0) continue;
      // Inside something that scrolls or ends with an ellipsis it may be longer than its box.
      let held = element;
      let cut = false;
      for (; held && held !== document.body; held = held.parentElement) {
        const style = getComputedStyle(held);
        if (style.overflowX !== 'visible') cut = true;
      }
      if (!cut && (box.right > width + 1 || box.left < -1)) out.push(`${element.tagName} “${element.textContent.trim().slice(0, 40)}” ${Math.round(box.left)}–${Math.round(box.right)} of ${width}`);
      if (element.tagName === 'BUTTON' && element.scrollWidth > element.clientWidth + 1 && getComputedStyle(element).overflowX !== 'visible' && getComputedStyle(element).textOverflow !== 'ellipsis') out.push(`button “${element.textContent.trim().slice(0, 40)}” is cut`);
    }
    return out;
  });
  assert.deepEqual(wide, [], what);
}
