// Pictures of the real window in every size and theme: `cargo xtask screenshots [--only NAME]`, into target/screenshots.
// The picture of the README is `demo-light-1280x800.png`, made smaller into `README.png` beside the others; copy it to
// the root when the looks have changed.
import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../shared/process.mjs';
import { Simulator } from '../shared/simulator.mjs';
import { like, t } from '../shared/texts.mjs';
import { bubbles, connect, connectPage, giveKey, givePageToken, openApp, openByName, openConversation, rows, seesBubble, send, tick } from './lib/app.mjs';
import { Desktop } from './lib/desktop.mjs';
import { inHome, pdf, picture } from './lib/files.mjs';

const SIZES = [[1280, 800], [900, 700], [600, 800]];
const THEMES = ['light', 'dark'];
const out = join(process.env.BACKSCROLL_TARGET, 'screenshots');
const only = process.env.SCREENSHOTS_ONLY ?? '';
const run = promisify(execFile);

/** Which part of its thread a state shows, of its height or around the first such element; the others show its end. */
const scrolls = { 'kinds-above': 0.5, 'kinds-played': '.film', 'stories': 0, 'gap': 0 };

/** A world, the states in it, and how each is reached from the one before. */
const worlds = [
  {
    states: {
      'first-run': async (window) => window.find('button', /Ayrshare/),
      'connect': async (window) => window.click('button', /Ayrshare/),
      'connect-profiles': async (window, simulator) => {
        await window.click('button', t('back'));
        await giveKey(window, simulator);
        await window.find('button', t('other_key'));
      },
    },
  },
  {
    args: ['--demo'],
    states: {
      'demo': async (window) => {
        await faces(window);
        await openPicture(window);
      },
      'emoji': async (window) => {
        await window.click('button', t('emoji'));
        await until('emoji', async () => await window.run(`() => document.querySelectorAll('[role=gridcell]').length > 0`));
      },
      'canned': async (window) => {
        await window.press('Escape');
        await window.type('textbox', like('composer_label'), '/');
        await until('replies', async () => await window.run(`() => document.querySelectorAll('form [role=option]').length > 0`));
      },
      'blank': async (window) => {
        await window.press('ArrowUp');
        await window.press('Enter');
        await window.find('button', t('blank_fill'));
      },
      'list': async (window) => window.run(`() => document.querySelector('header .back')?.click()`),
      'settings': async (window) => window.press('Control', ','),
      'account': account,
      'canned-replies': async (window) => {
        await window.press('Control', ',');
        await window.click('button', t('canned'));
        await until('the replies', async () => await window.run(`() => document.querySelectorAll('main ol li').length === 3`));
      },
    },
  },
  {
    states: {
      'failed-send': async (window, simulator) => {
        await connect(window, simulator);
        const [chat] = await simulator.chats('facebook');
        await openConversation(window, chat.name);
        await simulator.fail({ kind: 'status', http: 400 }, { method: 'POST', path: '/messages' });
        await send(window, 'Yes, we have two left. Shall I put one aside for you?');
        await seesBubble(window, 'Yes, we have two left.');
        await until('not sent', async () => (await tick(window, 'Yes, we have two left.')) === t('not_sent'));
      },
      'unconfirmed': async (window, simulator) => {
        await simulator.fail({ kind: 'apply-then-drop' }, { method: 'POST', path: '/messages' });
        await send(window, 'It is ready from four.');
        await until('unconfirmed', async () => [t('unconfirmed'), t('sent')].includes(await tick(window, 'It is ready from four.')));
      },
      'expired-key': async (window, simulator) => {
        await simulator.control('revoke-key', {});
        await window.command('sync_once', { account: null }).catch(() => {});
        await window.find('button', t('fix_reconnect'));
      },
    },
  },
  {
    states: {
      'meta-steps': async (window) => window.click('button', /^Meta/),
      'meta-found': async (window, simulator) => {
        await window.click('button', t('back'));
        await simulator.control('graph/page', { profile: 0, instagram_access: false });
        await givePageToken(window, simulator);
      },
      'kinds': async (window, simulator) => {
        await simulator.control('graph/page', { profile: 0, instagram_access: true });
        await window.click('button', t('back'));
        await givePageToken(window, simulator);
        await window.click('button', t('connect_page'));
        await until('the list', async () => (await rows(window)).length > 0, 60_000);
        await openByName(window, 'Priya Nair');
        await until('bubbles', async () => (await bubbles(window)).length > 5);
        await until('the sound', async () => await window.run(`() => document.querySelectorAll('audio, .player, [role=slider]').length > 0`), 20_000).catch(() => {});
      },
      'kinds-above': async () => {},
      'kinds-played': async () => {},
      'stories': async (window) => {
        await openByName(window, 'Ottoline Frey');
      },
      'gap': async (window) => {
        await until('counted gaps', async () => (await window.command('gaps', { conversation: null })).some((gap) => gap.count > 0), 60_000);
        await openByName(window, 'Lido Canteen');
      },
      'meta-account': async (window) => {
        await window.press('Control', ',');
        await account(window);
      },
      'webhooks': async (window) => {
        await window.press('Escape');
        await window.press('Control', ',');
        await window.click('button', t('hooks'));
      },
    },
  },
  {
    states: {
      'files': async (window, simulator, desktop) => {
        await connectPage(window, simulator);
        await simulator.control('knobs', { people_answer: false });
        await openByName(window, 'Priya Nair');
        await paste(window, desktop, { 'terrace.png': picture(), 'summer menu.png': picture(480, 640), 'price list.pdf': pdf(12_000_000) }, 3);
        await window.type('textbox', like('composer_label'), 'The terrace, the menu, and what it costs.');
      },
      'file-preview': async (window) => window.click('button', t('file_preview', { name: 'terrace.png' })),
      'refused-file': async (window, simulator, desktop) => {
        await window.press('Escape');
        await paste(window, desktop, { 'cake.jpg': Buffer.from('MZ\x90\x00 not a photo', 'latin1') }, 3);
        await window.sees(t('files_refused'));
      },
      'uploading': async (window, simulator) => {
        await window.click('button', t('file_remove', { name: 'cake.jpg' }));
        await simulator.fail({ kind: 'slow-upload', bytes_per_second: 350_000 }, { method: 'POST', path: '/graph', within: '/message_attachments', times: 3 });
        await window.click('button', t('send'));
        await until('an upload', async () => await window.run(`() => document.querySelector('progress') !== null`));
      },
      'sent-files': async (window) => {
        await until('everything sent', async () => await window.run(`(sent) => [...document.querySelectorAll('article')].slice(-4).every((one) => sent.includes(one.querySelector('.tick')?.title))`, [t('sent'), t('read')]), 90_000);
      },
      'quote': async (window) => {
        await window.run(`(label) => [...document.querySelectorAll('article')].findLast((one) => one.querySelector('.tick') === null).querySelector('button[aria-label="' + label + '"]').click()`, t('message_menu'));
        await until('its menu', async () => await window.run(`(reply) => {
          const entry = [...document.querySelectorAll('[role=menuitem]')].find((one) => one.textContent.trim() === reply);
          entry?.click();
          return entry !== undefined;
        }`, t('reply')));
        await window.find('button', t('reply_forget'));
      },
      'reacted': async (window) => {
        await window.click('button', t('reply_forget'));
        // Up to the customer's last one, to which both have reacted.
        await window.press('Control', 'Shift', 'e');
        await window.find('button', t('react_more'));
        await window.press('Escape');
        await window.run(`() => [...document.querySelectorAll('.reaction')].at(-1).click()`);
        await window.find('button', t('react_take_back'));
      },
      'planned': async (window) => {
        await window.press('Escape');
        for (const [words, hours] of [['Your ten loaves are ready from nine.', 2], ['Shall we bake the same for next week?', 5]]) {
          const conversation = await selected(window);
          await window.command('send', { conversation, request: { text: words, files: [], reply_to: null, send_at: Date.now() + hours * 3_600_000 } });
        }
        await window.find('button', like('planned', { count: 2 }));
      },
      'planned-list': async (window) => window.click('button', like('planned', { count: 2 })),
      'window-refused': async (window, simulator) => {
        await window.press('Escape');
        await simulator.fail({ kind: 'graph', code: 10, subcode: 2_018_278 }, { method: 'POST', path: '/graph', within: '/messages' });
        await send(window, 'And the invoice?');
        await window.sees(t('send_when_open', { name: 'Priya Nair' }));
      },
      'outbox': async (window) => {
        await window.press('Control', ',');
        await window.click('button', t('outbox'));
        await until('what was sent', async () => await window.run(`() => { const one = document.querySelector('ol details'); if (one) one.open = true; return one !== null; }`));
      },
    },
  },
];

await mkdir(out, { recursive: true });
for (const { args = [], states } of worlds) {
  if (only !== '' && !Object.keys(states).some((name) => name.includes(only))) continue;
  const desktop = await Desktop.start();
  const simulator = await Simulator.start();
  const window = await openApp(desktop, args);
  try {
    const id = await desktop.windowId();
    for (const [name, reach] of Object.entries(states)) {
      await desktop.place(id, ...SIZES[0]);
      await reach(window, simulator, desktop);
      for (const theme of THEMES) {
        await window.command('set_settings', { settings: { ...(await window.command('settings')), theme } });
        await until(theme, async () => (await window.run('() => document.documentElement.dataset.theme')) === theme);
        for (const [width, height] of SIZES) {
          await desktop.place(id, width, height);
          // In the corner it lights nothing up.
          await run('xdotool', ['mousemove', '0', String(height - 1)], { env: desktop.env });
          await until(`${width} wide`, async () => (await window.run('() => innerWidth')) === width);
          await settled(window);
          if (name in scrolls) await scrolled(window, scrolls[name]);
          const file = join(out, `${name}-${theme}-${width}x${height}.png`);
          await desktop.picture(id, file);
          console.log(file);
        }
      }
    }
  } finally {
    await window.close();
    await desktop.close();
    await simulator.stop();
  }
}
// 256 colours are enough for a page of flat colours, and a third of the size.
const readme = join(out, 'demo-light-1280x800.png');
await run('convert', [readme, '-strip', '-dither', 'None', '-colors', '255', '-define', 'png:compression-level=9', `PNG8:${join(out, 'README.png')}`]).catch(() => {});

/** The conversation that is open, as the inbox numbers it. */
async function selected(window) {
  return await window.run(`() => Number(document.querySelector('[role=option][aria-selected=true]').id.replace('conversation-', ''))`);
}

/** The page of the first account; the settings come with the first visit. */
async function account(window) {
  await until('the accounts', async () => await window.run(`() => document.querySelector('button.account') !== null`));
  await window.run(`() => document.querySelector('button.account').click()`);
}

/** Pastes files into the answer and waits until so many are ready. */
async function paste(window, desktop, files, ready) {
  const paths = [];
  for (const [name, bytes] of Object.entries(files)) paths.push(await inHome(desktop, name, bytes));
  await desktop.copyFiles(paths);
  await window.click('textbox', like('composer_label'));
  await desktop.focus(await desktop.windowId());
  await desktop.keys('ctrl+v');
  await until('the files', async () => (await window.run(`(label) => document.querySelectorAll('form li.file [aria-label="' + label + '"]').length`, t('file_ready'))) === ready);
}

/** Fonts, pictures and two frames. */
async function settled(window) {
  await window.runAsync(`async () => {
    await document.fonts.ready;
    await Promise.all([...document.images].filter((i) => !i.complete).map((i) => new Promise((done) => { i.onload = i.onerror = done; })));
    await new Promise((done) => setTimeout(done, 400));
  }`);
}

/** The thread, scrolled to this part of its height; what comes meanwhile moves it, so it is looked at twice. */
async function scrolled(window, part) {
  await until('bubbles', async () => (await bubbles(window)).length > 2);
  await until(`scrolled to ${part}`, async () => {
    const at = await window.run(`(part) => {
      const pane = document.querySelector('[data-section=timeline]');
      const before = pane.scrollTop;
      const element = typeof part === 'string' ? pane.querySelector(part) : null;
      if (element !== null) element.scrollIntoView({ block: 'center' });
      else pane.scrollTop = typeof part === 'string' ? before - pane.clientHeight / 2 : (pane.scrollHeight - pane.clientHeight) * part;
      return Math.abs(pane.scrollTop - before);
    }`, part);
    await settled(window);
    return at < 2;
  });
}

/** Waits until the pictures of people have come and no more come: some people have none. */
async function faces(window) {
  let before = -1;
  await until('faces', async () => {
    const now = await window.run(`() => document.querySelectorAll('[role=option] img').length`);
    const rest = now > 3 && now === before;
    before = now;
    await settled(window);
    return rest;
  });
}

/** Opens the thread that shows most: a picture, both sides, reactions. */
async function openPicture(window) {
  const query = { platforms: [], business: null, account: null, state: 'open', only: null, sort: 'newest' };
  const { rows } = await window.command('conversations', { query, after: null, limit: 30 });
  let best = { id: rows[0].id, score: -1 };
  for (const row of rows) {
    const { messages } = await window.command('thread', { conversation: row.id, position: { kind: 'newest' }, limit: 12 });
    const has = (what) => Number(messages.some(what));
    const score = 4 * has((m) => m.attachments.some((a) => a.kind === 'image' && a.file.kind === 'ready')) + 2 * has((m) => m.reactions.length > 0)
      + 2 * has((m) => m.direction === 'out') + Math.min(messages.length, 8) / 8;
    if (score > best.score) best = { id: row.id, score };
  }
  await window.run(`(id) => { const row = document.getElementById('conversation-' + id); row?.scrollIntoView({ block: 'nearest' }); row?.click(); }`, best.id);
  await until('bubbles', async () => (await bubbles(window)).length > 2);
}
