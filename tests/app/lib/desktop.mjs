// A desktop of its own for each test: display, session bus, notification server, tray, keychain, home folders.
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Child, until } from '../../shared/process.mjs';

const here = new URL('../desktop/', import.meta.url).pathname;
const run = promisify(execFile);

export class Desktop {
  #children = [];
  #copying;
  #folder;
  #mocks;
  #seq = 0;
  env;

  /** @param {{notifications?: boolean, tray?: boolean, keychain?: boolean, dark?: boolean, screen?: string}} parts what this desktop has */
  static async start(parts = {}) {
    const desktop = new Desktop();
    try {
      await desktop.#start({ notifications: true, tray: true, keychain: true, screen: '1400x1000x24', ...parts });
      return desktop;
    } catch (error) {
      await desktop.close();
      throw error;
    }
  }

  async #start(parts) {
    const folder = (this.#folder = await mkdtemp(join(tmpdir(), 'backscroll-desktop-')));
    const home = (name) => join(folder, name);
    for (const name of ['data', 'config', 'cache', 'state', 'home']) await mkdir(home(name));
    await mkdir(home('run'), { mode: 0o700 });
    this.env = {
      PATH: process.env.PATH, LANG: 'C.UTF-8', TZ: 'UTC', HOME: home('home'), RUST_BACKTRACE: '1',
      XDG_DATA_HOME: home('data'), XDG_CONFIG_HOME: home('config'), XDG_CACHE_HOME: home('cache'),
      XDG_STATE_HOME: home('state'), XDG_RUNTIME_DIR: home('run'), GDK_BACKEND: 'x11',
      // Software rendering: without these the first paint takes five times as long, and a11y looks for a bus.
      WEBKIT_DISABLE_DMABUF_RENDERER: '1', LIBGL_ALWAYS_SOFTWARE: '1', NO_AT_BRIDGE: '1',
      ...(parts.dark ? { GTK_THEME: 'Adwaita:dark' } : {}),
    };

    const display = this.#child('Xvfb', ['-displayfd', '1', '-screen', '0', parts.screen, '-nolisten', 'tcp', '-noreset']);
    this.env.DISPLAY = `:${(await display.line()).trim()}`;

    const bus = this.#child('dbus-daemon', [`--config-file=${here}bus.conf`, '--nofork', '--print-address=1']);
    this.env.DBUS_SESSION_BUS_ADDRESS = (await bus.line()).trim();

    const wanted = ['notifications', 'tray'].filter((name) => parts[name]);
    // Debian's python: another one first in PATH has neither D-Bus nor GLib.
    this.#mocks = this.#child('/usr/bin/python3', [`${here}mocks.py`, ...wanted]);
    await this.#mocks.line((line) => line.includes('"ready"'));

    if (parts.keychain) {
      const keyring = this.#child('gnome-keyring-daemon', ['--unlock', '--components=secrets', '--foreground']);
      // The first line is the password of the new login collection: none.
      keyring.end('\n');
      await until('the keychain', async () => {
        const { stdout } = await run('dbus-send', ['--session', '--print-reply', '--dest=org.freedesktop.DBus', '/',
          'org.freedesktop.DBus.NameHasOwner', 'string:org.freedesktop.secrets'], { env: this.env });
        return stdout.includes('true');
      });
    }
  }

  #child(program, args) {
    const child = new Child(program, args, { env: this.env });
    this.#children.push(child);
    return child;
  }

  /** Where the application keeps its data, its cache and so on: the XDG folders are inside. */
  get folder() {
    return this.#folder;
  }

  /** What the stand-ins saw, as `{event, …}`. */
  get events() {
    return this.#mocks.lines.map((line) => JSON.parse(line));
  }

  /** How many events there were so far: `notification` waits from there. */
  get now() {
    return this.#mocks.lines.length;
  }

  /** The next notification, from event number `from` on, that matches. */
  async notification(matches = () => true, { from = 0, within = 30_000 } = {}) {
    const line = await this.#mocks.line((line) => {
      const event = JSON.parse(line);
      return event.event === 'notify' && matches(event);
    }, { from, within });
    return JSON.parse(line);
  }

  /** Clicks a notification: its body, or one of its buttons. */
  async clickNotification(id, key = 'default') {
    await this.#order({ do: 'invoke', id, key });
  }

  /** Waits for a tray item. */
  async trayItem(within = 30_000) {
    await this.#mocks.line((line) => line.includes('"tray-item"'), { within });
  }

  /** What the tray shows: `{label, icon, status, menu: [{label, enabled}]}`. */
  async tray() {
    return await this.#order({ do: 'tray' });
  }

  async clickTray(label) {
    await this.#order({ do: 'tray-click', label });
  }

  async #order(order) {
    const seq = ++this.#seq;
    this.#mocks.write(`${JSON.stringify({ ...order, seq })}\n`);
    const line = await this.#mocks.line((line) => line.includes(`"seq": ${seq},`) || line.includes(`"seq": ${seq}}`));
    const answer = JSON.parse(line);
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer.value;
  }

  /** The application's window as X knows it: `(3) Backscroll`, not GTK's hidden one called `backscroll-desktop`. */
  async windowId() {
    const search = ['search', '--onlyvisible', '--name', 'Backscroll$'];
    return await until('a visible window', async () => {
      const { stdout } = await run('xdotool', search, { env: this.env }).catch(() => ({ stdout: '' }));
      return stdout.trim().split('\n').at(-1);
    });
  }

  /** Resizes and focuses a window; there is no window manager that would. */
  async place(id, width, height) {
    await run('xdotool', ['windowmove', id, '0', '0', 'windowsize', '--sync', id, String(width), String(height)], { env: this.env, timeout: 20_000 }).catch(() => {});
    await this.focus(id);
  }

  async focus(id) {
    await run('xdotool', ['windowfocus', id], { env: this.env });
  }

  /** Asks a window to close, as the button in its frame does. */
  async askToClose(id) {
    await run('/usr/bin/python3', [`${here}close-window.py`, id], { env: this.env });
  }

  /** Another program copies: the bytes of this file, as this kind. */
  async copy(kind, file) {
    await this.#copying?.stop();
    // Answers whoever pastes until another copy takes its place; only while it is loud does it stay our child.
    this.#copying = this.#child('xclip', ['-quiet', '-selection', 'clipboard', '-t', kind, '-i', file]);
    await until('the clipboard', async () => {
      const { stdout } = await run('xclip', ['-selection', 'clipboard', '-t', 'TARGETS', '-o'], { env: this.env });
      return stdout.split('\n').includes(kind);
    });
  }

  /** A file manager's *Copy* on these files. */
  async copyFiles(files) {
    const list = join(this.#folder, 'copied');
    await writeFile(list, files.map((file) => `${pathToFileURL(file)}\r\n`).join(''));
    await this.copy('text/uri-list', list);
  }

  /** Presses keys as a keyboard does, on the window in focus: `ctrl+v`. */
  async keys(chord) {
    await run('xdotool', ['key', '--clearmodifiers', chord], { env: this.env });
  }

  /** In the dialog for files with this title: writes the path of a file and confirms; without one, closes it. */
  async chooseFile(title, path) {
    const search = async () => (await run('xdotool', ['search', '--onlyvisible', '--name', `^${title}$`], { env: this.env }).catch(() => ({ stdout: '' }))).stdout.trim();
    const id = await until(`the dialog ${title}`, search);
    const { stdout } = await run('xdotool', ['getwindowgeometry', '--shell', id], { env: this.env });
    const [width, height] = ['WIDTH', 'HEIGHT'].map((side) => Number(new RegExp(`${side}=(\\d+)`).exec(stdout)[1]));
    // The entry for a path, and the button at its end: Return means it only once the folder has been read.
    const open = ['mousemove', '--window', id, String(width - 48), String(height - 22), 'click', '1'];
    const choose = path === undefined ? ['key', 'Escape'] : ['key', 'ctrl+l', 'sleep', '0.3', 'key', 'ctrl+a', 'type', '--delay', '30', path];
    // It hears keys once it is drawn, which on a busy machine is some time after it is there.
    await until('the dialog is gone', async () => {
      if ((await search()) === '') return true;
      await run('xdotool', ['sleep', '0.7', 'windowfocus', id, ...choose], { env: this.env }).catch(() => {});
      if (path !== undefined) await run('xdotool', ['sleep', '0.7', ...open], { env: this.env }).catch(() => {});
      await run('xdotool', ['sleep', '0.7']);
      return (await search()) === '';
    });
  }

  /** Begins to drag files from a file manager in the corner (the window must leave room there) to this point. */
  async drag(files, x, y) {
    const [fromX, fromY] = [1330, 930];
    const source = this.#child('/usr/bin/python3', [`${here}drag-source.py`, String(fromX - 30), String(fromY - 30), ...files]);
    await source.line((line) => line === 'ready');
    const to = (atX, atY) => ['mousemove', String(atX), String(atY), 'sleep', '0.1'];
    await run('xdotool', [...to(fromX, fromY), 'mousedown', '1', 'sleep', '0.2', ...to(fromX - 30, fromY - 30), ...to(x + 40, y + 10), ...to(x + 10, y), ...to(x, y)], { env: this.env });
    return source;
  }

  /** Drops them there. */
  async drop(source) {
    await run('xdotool', ['mouseup', '1', 'sleep', '0.3'], { env: this.env });
    await source.stop();
  }

  /** A picture of a real window, as PNG file. */
  async picture(id, file) {
    await run('import', ['-window', id, '-strip', file], { env: this.env });
  }

  async close() {
    for (const child of this.#children.toReversed()) await child.stop();
    if (this.#folder) await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}
