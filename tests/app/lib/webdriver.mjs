// As much of WebDriver as these tests need, without a dependency.
import { createServer } from 'node:net';
import { Child, until } from '../../shared/process.mjs';

const ELEMENT = 'element-6066-11e4-a52e-4f735466cecf';

/** Starts `binary` under WebKitWebDriver, in the environment of `desktop`, and attaches to its window. */
export async function openWindow(desktop, binary, args = [], env = {}) {
  const port = await freePort();
  // TAURI_WEBVIEW_AUTOMATION makes the web view accept a driver; without it the session request never returns.
  const driver = new Child('WebKitWebDriver', [`--port=${port}`, '--host=127.0.0.1'], {
    env: { ...desktop.env, ...env, TAURI_WEBVIEW_AUTOMATION: 'true' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const base = `http://127.0.0.1:${port}`;
  try {
    await until('WebKitWebDriver', async () => (await fetch(`${base}/status`)).ok);
    const alwaysMatch = { 'webkitgtk:browserOptions': { binary, args } };
    const { sessionId } = await request(`${base}/session`, 'POST', { capabilities: { alwaysMatch } });
    return new Window(driver, `${base}/session/${sessionId}`);
  } catch (error) {
    await driver.stop();
    throw error;
  }
}

/** The page in the application's window. */
export class Window {
  #driver;
  #url;

  constructor(driver, url) {
    this.#driver = driver;
    this.#url = url;
  }

  /** Runs a function in the page. */
  async run(body, ...args) {
    return await request(`${this.#url}/execute/sync`, 'POST', { script: `return (${body}).apply(null, arguments)`, args });
  }

  /** Runs an async function in the page and waits for what it promises. */
  async runAsync(body, ...args) {
    const script = `const done = arguments[arguments.length - 1];
      (${body}).apply(null, Array.prototype.slice.call(arguments, 0, -1))
        .then((value) => done({ value: value === undefined ? null : value }), (error) => done({ error: JSON.stringify(error) + String(error) }))`;
    const answer = await request(`${this.#url}/execute/async`, 'POST', { script, args });
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  /** Calls a command of the application, past the UI: for preparing a state, never for what is tested. */
  async command(name, args = {}) {
    return await this.runAsync('async (name, args) => window.__TAURI_INTERNALS__.invoke(name, args)', name, args);
  }

  /** The visible element with this role and name; waits for it. `name` is a text, matched whole, or a RegExp. */
  async find(role, name, options = {}) {
    const pattern = name instanceof RegExp ? { source: name.source, flags: name.flags } : name;
    const what = `${role} ${name}`;
    return await until(what, async () => await this.run(FIND, role, pattern, options.within ?? null), options.wait ?? 30_000);
  }

  /** Whether there is such an element now. */
  async has(role, name) {
    const pattern = name instanceof RegExp ? { source: name.source, flags: name.flags } : name;
    return (await this.run(FIND, role, pattern, null)) !== null;
  }

  async click(role, name, options) {
    // A re-render between finding and clicking makes the element stale: find it again.
    await until(`a click on ${role} ${name}`, async () => {
      const element = await this.find(role, name, options);
      await request(`${this.#url}/element/${element[ELEMENT]}/click`, 'POST', {});
      return true;
    }, options?.wait ?? 30_000);
  }

  /** Puts the pointer on the middle of an element. */
  async hover(role, name) {
    const origin = await this.find(role, name);
    const actions = [{ type: 'pointerMove', origin, x: 0, y: 0, duration: 0 }];
    await request(`${this.#url}/actions`, 'POST', { actions: [{ type: 'pointer', id: 'mouse', parameters: { pointerType: 'mouse' }, actions }] });
  }

  async type(role, name, text) {
    const element = await this.find(role, name);
    await request(`${this.#url}/element/${element[ELEMENT]}/value`, 'POST', { text });
  }

  /** Presses keys in the focused element: `['Control', 'k']` is a chord, a string is typed. */
  async press(...keys) {
    const codes = keys.map((key) => KEYS[key] ?? key);
    const actions = [
      ...codes.map((value) => ({ type: 'keyDown', value })),
      ...codes.toReversed().map((value) => ({ type: 'keyUp', value })),
    ];
    await request(`${this.#url}/actions`, 'POST', { actions: [{ type: 'key', id: 'keyboard', actions }] });
  }

  /** Waits until the visible text of the page contains this. */
  async sees(text, wait) {
    await until(`“${text}” on the page`, async () => await this.run(`(text) => document.body.innerText.includes(text)`, text), wait);
  }

  /** Whether the visible text of the page contains this now. */
  async shows(text) {
    return await this.run(`(text) => document.body.innerText.includes(text)`, text);
  }

  /** The page as a picture. */
  async screenshot() {
    return Buffer.from(await request(`${this.#url}/screenshot`, 'GET'), 'base64');
  }

  /** Ends the application, if it still runs, and the driver. */
  async close() {
    await request(this.#url, 'DELETE').catch(() => {});
    await this.#driver.stop();
  }
}

const KEYS = {
  Enter: '\uE007', Escape: '\uE00C', Tab: '\uE004', Control: '\uE009', Shift: '\uE008', Alt: '\uE00A',
  ArrowDown: '\uE015', ArrowUp: '\uE013', ArrowLeft: '\uE012', ArrowRight: '\uE014', Backspace: '\uE003', Home: '\uE011', End: '\uE010',
};

// Runs in the page. The name of an element as far as these tests need it: label, labelled-by, text.
const FIND = `function (role, name, within) {
  const tags = { button: 'button,summary', link: 'a[href]', textbox: 'textarea,input:not([type]),input[type=text],input[type=password],input[type=url],[contenteditable=true]',
    heading: 'h1,h2,h3', dialog: 'dialog[open]', checkbox: 'input[type=checkbox]', radio: 'input[type=radio]', combobox: 'select', list: 'ul,ol', main: 'main', navigation: 'nav' };
  const root = within ? document.querySelector(within) : document;
  if (!root) return null;
  const css = '[role=' + role + ']' + (tags[role] ? ',' + tags[role] : '');
  const matches = name === null || name === undefined ? () => true
    : typeof name === 'string' ? (text) => text === name : (text) => new RegExp(name.source, name.flags).test(text);
  for (const element of root.querySelectorAll(css)) {
    if (element.hasAttribute('role') && element.getAttribute('role') !== role) continue;
    const box = element.getBoundingClientRect();
    if (box.width === 0 || box.height === 0 || getComputedStyle(element).visibility === 'hidden') continue;
    const by = element.getAttribute('aria-labelledby');
    const label = element.getAttribute('aria-label')
      || (by && by.split(' ').map((id) => document.getElementById(id)?.textContent ?? '').join(' '))
      || (element.labels && element.labels.length > 0 && element.labels[0].textContent)
      || element.getAttribute('placeholder') || element.textContent || '';
    if (matches(label.replace(/\\s+/g, ' ').trim())) return element;
  }
  return null;
}`;

async function request(url, method, body) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(60_000),
  });
  const { value } = await answer.json();
  if (value?.error) throw new Error(`${value.error}: ${value.message}`);
  return value;
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
