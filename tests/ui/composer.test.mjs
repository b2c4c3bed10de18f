// What helps to write an answer: emoji, and canned replies with what they leave open.
import { after, before, test } from 'node:test';
import assert from 'node:assert/strict';
import { like, t } from '../shared/texts.mjs';
import { until } from '../shared/process.mjs';
import { accessible, Bridge, nothingClipped, startBrowser } from './lib/page.mjs';

let browser;
before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** A test with a world of its own, in a conversation whose window is open. */
function thread(name, run, options) {
  test(name, async () => {
    const bridge = await Bridge.start('demo');
    try {
      const chat = (await bridge.simulator.chats('facebook')).find((one) => one.name === 'Ada Park');
      await bridge.receive(chat, 'Are you there?');
      const { page, problems, close } = await bridge.page(browser, options);
      await page.getByRole('option').first().waitFor();
      await open(page, bridge, (await bridge.conversation(chat)).id);
      await run(page, bridge, chat);
      assert.deepEqual(problems, []);
      await close();
    } finally {
      await bridge.stop();
    }
  });
}

async function open(page, bridge, id) {
  await until('the thread', async () => {
    // A page that has just begun may not listen yet; it opens a thread only once.
    await bridge.emit('open', { conversation: id, message: null });
    return (await page.locator(`#conversation-${id}[aria-selected=true]`).count()) === 1 && (await page.getByRole('article').count()) > 0;
  });
  await button(page, 'emoji').waitFor();
}

const text = (page) => page.getByRole('textbox', { name: like('composer_label') });
const button = (page, key, values) => page.getByRole('button', { name: t(key, values), exact: true });
const sendButton = (page) => page.getByRole('form', { name: t('composer') }).getByRole('button', { name: t('send'), exact: true });
const selection = async (page) => await text(page).evaluate((field) => field.value.slice(field.selectionStart, field.selectionEnd));
const focused = async (locator) => await locator.evaluate((element) => element === document.activeElement);

const picker = (page) => page.getByRole('dialog', { name: t('emoji') });
const search = (page) => picker(page).getByRole('combobox', { name: t('emoji_search') });
const marked = (page) => picker(page).getByRole('gridcell', { selected: true });
const group = (page, key) => picker(page).getByRole('rowheader', { name: t(key) });

const replies = (page) => page.getByRole('listbox', { name: t('canned') });
const titles = async (page) => await replies(page).getByRole('option').locator('b').allTextContents();
const hint = (page, blank) => page.getByText(t('blank_open', { blank }));

thread('an emoji is found by its name, goes to the caret, and is remembered', async (page, bridge) => {
  await text(page).fill('Hello Ada');
  await text(page).press('ArrowLeft');
  await text(page).press('ArrowLeft');
  await text(page).press('ArrowLeft');
  await page.keyboard.press('Control+E');
  await until('the search has the focus', async () => await focused(search(page)));
  await group(page, 'emoji_smileys').waitFor();
  assert.equal(await group(page, 'emoji_recent').count(), 0, 'nothing was used yet');

  await page.keyboard.type('waving');
  await marked(page).and(page.getByLabel('waving hand')).waitFor();
  await page.keyboard.press('Enter');
  await picker(page).waitFor({ state: 'detached' });
  assert.equal(await text(page).inputValue(), 'Hello 👋Ada');
  assert.ok(await focused(text(page)), 'one goes on writing');
  await page.keyboard.type(' ');
  assert.equal(await text(page).inputValue(), 'Hello 👋 Ada');
  await page.keyboard.press('Control+z');
  await page.keyboard.press('Control+z');
  assert.equal(await text(page).inputValue(), 'Hello Ada', 'it is taken back like anything typed');

  await page.reload();
  await page.getByRole('option').first().click();
  await button(page, 'emoji').click();
  await group(page, 'emoji_recent').waitFor();
  await marked(page).and(page.getByLabel('waving hand')).waitFor();
  assert.deepEqual((await bridge.invoke('settings')).recent_emoji, ['👋']);
});

thread('emoji are walked by keys, several are taken with Shift, and Esc leads back to the text', async (page) => {
  await button(page, 'emoji').click();
  await until('the search has the focus', async () => await focused(search(page)));
  const first = await marked(page).getAttribute('aria-label');
  await page.keyboard.press('ArrowRight');
  assert.notEqual(await marked(page).getAttribute('aria-label'), first);
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowUp');
  assert.equal(await marked(page).getAttribute('aria-label'), first);
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowUp');
  assert.equal(await marked(page).getAttribute('aria-label'), first, 'there is nothing before the first');

  await page.keyboard.press('Shift+Enter');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('Shift+Enter');
  assert.equal([...new Intl.Segmenter().segment(await text(page).inputValue())].length, 2);
  assert.ok(await focused(search(page)));

  // Far down: what is marked stays in view and exists for who cannot see it.
  for (let i = 0; i < 12; i += 1) await page.keyboard.press('PageDown');
  await until('the marked one is in view', async () => await marked(page).evaluate((cell) => {
    const [box, pane] = [cell.getBoundingClientRect(), cell.closest('[role=grid]').getBoundingClientRect()];
    return box.top >= pane.top - 1 && box.bottom <= pane.bottom + 1;
  }));
  assert.equal(await search(page).getAttribute('aria-activedescendant'), await marked(page).getAttribute('id'));
  assert.ok((await picker(page).getByRole('gridcell').count()) < 250, 'only what is near is mounted');

  await picker(page).getByRole('toolbar').getByRole('button', { name: t('emoji_flags') }).click();
  await group(page, 'emoji_flags').waitFor();
  await search(page).fill('qqqq');
  await picker(page).getByText(t('emoji_none', { query: 'qqqq' })).waitFor();
  await search(page).press('Enter');
  await page.keyboard.press('Escape');
  await picker(page).waitFor({ state: 'detached' });
  await until('the focus is back', async () => await focused(text(page)));

  // A second click on the button closes it.
  await button(page, 'emoji').click();
  await picker(page).waitFor();
  await button(page, 'emoji').click();
  await picker(page).waitFor({ state: 'detached' });
});

thread('a skin tone is chosen once and kept', async (page, bridge) => {
  await button(page, 'emoji').click();
  await picker(page).getByRole('button', { name: t('emoji_tone') }).click();
  await picker(page).getByRole('radio', { name: t('tone_medium'), exact: true }).check({ force: true });
  await accessible(page, 'choosing a skin tone');
  await search(page).fill('thumbs up');
  await picker(page).getByRole('gridcell', { name: 'thumbs up' }).click();
  assert.equal(await text(page).inputValue(), '👍🏽');
  const { skin_tone, recent_emoji } = await bridge.invoke('settings');
  assert.deepEqual([skin_tone, recent_emoji], ['medium', ['👍🏽']]);
});

for (const theme of ['light', 'dark']) {
  thread(`the picker and the replies have no accessibility problem, ${theme}`, async (page) => {
    await button(page, 'emoji').click();
    await group(page, 'emoji_smileys').waitFor();
    await accessible(page, `the emoji, ${theme}`);
    await search(page).fill('cake');
    await until('found', async () => (await picker(page).getByRole('gridcell').count()) < 40);
    await accessible(page, `found emoji, ${theme}`);
    await page.keyboard.press('Escape');
    await button(page, 'canned').click();
    await page.getByRole('dialog', { name: t('canned') }).getByRole('option').first().waitFor();
    await accessible(page, `canned replies behind their button, ${theme}`);
    await page.keyboard.press('Escape');
    await text(page).fill('/');
    await replies(page).waitFor();
    await accessible(page, `canned replies behind a slash, ${theme}`);
    await text(page).press('ArrowDown');
    await text(page).press('ArrowDown');
    await text(page).press('Enter');
    await hint(page, '{{order number}}').waitFor();
    await accessible(page, `an open blank, ${theme}`);
  }, { theme });
}

thread('a slash finds a reply, Enter puts it in, and it says who it goes to', async (page, bridge) => {
  await text(page).pressSequentially('/');
  await replies(page).waitFor();
  assert.deepEqual(await titles(page), ['Welcome', 'Opening hours', 'Order is ready']);
  await text(page).press('ArrowUp');
  assert.equal(await text(page).getAttribute('aria-activedescendant'), await replies(page).getByRole('option', { selected: true }).getAttribute('id'));
  await text(page).pressSequentially('hel');
  await until('filtered, by words before texts', async () => (await titles(page)).join() === 'Welcome,Order is ready');
  await text(page).press('Enter');
  await replies(page).waitFor({ state: 'detached' });
  const said = 'Hello Ada, thank you for writing to Corner Bakery. How can we help?';
  assert.equal(await text(page).inputValue(), said);
  assert.equal(await text(page).getAttribute('aria-activedescendant'), null);
  assert.equal((await bridge.simulator.delivered(said)).length, 0, 'Enter chose, and sent nothing');
  await text(page).press('Enter');
  await bridge.simulator.deliveries(said);
});

thread('a blank is selected to be filled in, and nothing is sent before', async (page, bridge) => {
  await text(page).pressSequentially('/ready');
  await replies(page).waitFor();
  await text(page).press('Tab');
  await hint(page, '{{order number}}').waitFor();
  assert.equal(await selection(page), '{{order number}}');
  assert.equal(await sendButton(page).isDisabled(), true);
  assert.equal(await button(page, 'send_later').count(), 0);
  await text(page).press('Enter');
  assert.match(await text(page).inputValue(), /\{\{order number\}\}/, 'Enter sends nothing');

  await text(page).press('End');
  await button(page, 'blank_fill').click();
  assert.equal(await selection(page), '{{order number}}');
  await page.keyboard.type('4711');
  await hint(page, '{{order number}}').waitFor({ state: 'detached' });
  const said = 'Hello Ada, your order 4711 is ready. We keep it for you until six.';
  assert.equal(await text(page).inputValue(), said);
  await text(page).press('Enter');
  await bridge.simulator.deliveries(said);
});

thread('braces that are meant are sent when that is said, and only that text', async (page, bridge) => {
  await text(page).fill('Write {{name}} there');
  assert.equal(await sendButton(page).isDisabled(), true);
  await button(page, 'blank_keep').click();
  await text(page).fill('Write {{name}} here');
  assert.equal(await sendButton(page).isDisabled(), true, 'another text is another question');
  await button(page, 'blank_keep').click();
  await sendButton(page).click();
  await bridge.simulator.deliveries('Write {{name}} here');
});

thread('Esc leaves the slash as a text, and a slash elsewhere opens nothing', async (page, bridge) => {
  await text(page).pressSequentially('/hou');
  await replies(page).waitFor();
  await text(page).press('Escape');
  await replies(page).waitFor({ state: 'detached' });
  await text(page).press('Enter');
  await bridge.simulator.deliveries('/hou');

  await text(page).pressSequentially('and/or ');
  assert.equal(await replies(page).count(), 0);
  await text(page).fill('');
  await text(page).pressSequentially('/nothing of the kind');
  await until('nothing fits', async () => (await replies(page).count()) === 0);
  await text(page).press('Enter');
  await bridge.simulator.deliveries('/nothing of the kind');
});

thread('the button puts a reply in the place of what is selected', async (page) => {
  await text(page).fill('Dear Ada, XX Bye');
  await text(page).evaluate((field) => field.setSelectionRange(10, 12));
  await button(page, 'canned').click();
  const dialog = page.getByRole('dialog', { name: t('canned') });
  const field = dialog.getByRole('combobox', { name: t('canned_search') });
  await until('the search has the focus', async () => await focused(field));
  await field.fill('zzz');
  await dialog.getByText(t('canned_no_hit', { query: 'zzz' })).waitFor();
  await field.fill('opening');
  await dialog.getByRole('option').click();
  await dialog.waitFor({ state: 'detached' });
  assert.equal(await text(page).inputValue(), 'Dear Ada, We are open Tuesday to Saturday, 7:00 to 18:00, and closed on public holidays. Bye');
  assert.ok(await focused(text(page)));

  await button(page, 'canned').click();
  await dialog.getByRole('button', { name: t('canned_manage') }).click();
  await page.getByRole('heading', { name: t('canned') }).waitFor();
});

thread('who has no name leaves a blank', async (page, bridge) => {
  const unnamed = (await bridge.simulator.chats('instagram')).find((one) => !one.name);
  await bridge.receive(unnamed, 'Hello?');
  const row = await bridge.conversation(unnamed);
  assert.equal(row.name, null);
  await open(page, bridge, row.id);
  await text(page).pressSequentially('/hello');
  await replies(page).waitFor();
  await text(page).press('Enter');
  await hint(page, '{{first name}}').waitFor();
  assert.equal(await selection(page), '{{first name}}');
  assert.equal(await text(page).inputValue(), 'Hello {{first name}}, thank you for writing to Corner Bakery. How can we help?');
});

thread('replies are written, changed, put in order and deleted, and a deleted one comes back to its place', async (page, bridge) => {
  const rows = async () => (await bridge.invoke('canned_replies')).map((reply) => reply.title);
  const shown = async () => await page.locator('main ol b').allTextContents();
  await page.keyboard.press('Control+,');
  await button(page, 'canned').click();
  await page.getByRole('heading', { name: t('canned') }).waitFor();
  await until('the three', async () => (await shown()).length === 3);
  await accessible(page, 'the list of canned replies');

  await button(page, 'canned_add').click();
  const form = page.getByRole('form', { name: t('canned_add') });
  await until('the title has the focus', async () => await focused(form.getByLabel(t('canned_title'))));
  await page.keyboard.type('Delivery');
  await form.getByLabel(t('canned_word'), { exact: true }).fill('/HOURS');
  await form.getByText(t('canned_word_taken', { word: 'hours' })).waitFor();
  await form.getByLabel(t('canned_text'), { exact: true }).fill('We deliver to {{street}}, ');
  assert.equal(await form.getByRole('button', { name: t('save') }).isDisabled(), true);
  await accessible(page, 'the form of a canned reply');
  await form.getByLabel(t('canned_word'), { exact: true }).fill('deliver');
  await form.getByRole('button', { name: 'first name', exact: true }).click();
  await form.getByText(t('canned_own', { blank: '{{street}}' })).waitFor();
  await page.keyboard.press('Control+Enter');
  await until('it is kept', async () => (await rows()).at(-1) === 'Delivery');
  assert.deepEqual((await bridge.invoke('canned_replies')).at(-1), { id: 4, title: 'Delivery', word: 'deliver', text: 'We deliver to {{street}}, {{first name}}' });
  await until('the focus is on what was written', async () => await focused(button(page, 'canned_edit', { title: 'Delivery' })));

  await button(page, 'canned_edit', { title: 'Welcome' }).click();
  await page.getByLabel(t('canned_title')).fill('Greeting');
  await page.getByLabel(t('canned_title')).press('Enter');
  await until('it is changed', async () => (await rows())[0] === 'Greeting');
  await button(page, 'canned_edit', { title: 'Greeting' }).click();
  await page.getByLabel(t('canned_title')).fill('Nothing');
  await page.keyboard.press('Escape');
  assert.equal((await rows())[0], 'Greeting', 'Esc gives up');

  await button(page, 'file_move', { name: 'Delivery' }).press('ArrowUp');
  await until('the order is kept', async () => (await rows()).indexOf('Delivery') === 2);
  assert.ok(await focused(button(page, 'file_move', { name: 'Delivery' })));

  await button(page, 'canned_delete', { title: 'Opening hours' }).click();
  await until('it is gone', async () => (await rows()).length === 3);
  await button(page, 'undo').click();
  await until('it is back in its place', async () => (await rows()).join() === 'Greeting,Opening hours,Delivery,Order is ready');
  await until('and shown', async () => (await shown())[1] === 'Opening hours');

  await page.setViewportSize({ width: 360, height: 640 });
  await nothingClipped(page, 'canned replies, narrow');
  for (const title of await rows()) await button(page, 'canned_delete', { title }).click();
  await page.getByText(t('canned_none'), { exact: true }).waitFor();
  await accessible(page, 'no canned replies');
  await nothingClipped(page, 'no canned replies, narrow');
});

test('a reaction is any emoji, found by its name, and taken back where it was chosen', async () => {
  const bridge = await Bridge.start('empty');
  try {
    const { api_base, secrets } = bridge.simulator.meta;
    await bridge.invoke('connect_meta', { apiBase: api_base, keys: { token: secrets.page_token, app_secret: null, page: null }, name: null });
    await bridge.sync();
    const { page, problems, close } = await bridge.page(browser);
    await page.getByRole('option').first().click();
    await page.getByRole('article').first().waitFor();
    const chooser = page.getByRole('dialog', { name: t('react') });
    const reaction = page.getByRole('article').locator('.reaction').filter({ hasText: '🥐' });
    await page.keyboard.press('Control+Shift+E');
    await button(page, 'react_more').click();
    const field = chooser.getByRole('combobox', { name: t('emoji_search') });
    await until('the search has the focus', async () => await focused(field));
    await page.keyboard.type('croissant');
    await accessible(page, 'searching a reaction');
    await page.keyboard.press('Enter');
    await chooser.waitFor({ state: 'detached' });
    await reaction.waitFor();
    await until('the platform has it', async () => JSON.stringify(await bridge.simulator.control('ledger')).includes('🥐'));
    await page.keyboard.press('Control+Shift+E');
    await chooser.getByRole('button', { name: t('react_with', { emoji: '🥐' }), pressed: true }).click();
    await reaction.waitFor({ state: 'detached' });
    assert.deepEqual(problems, []);
    await close();
  } finally {
    await bridge.stop();
  }
});

thread('without replies the slash says where to write one', async (page, bridge) => {
  for (const reply of await bridge.invoke('canned_replies')) await bridge.invoke('delete_canned_reply', { id: reply.id });
  await text(page).pressSequentially('/');
  await page.getByText(t('canned_none')).waitFor();
  await accessible(page, 'no canned replies behind a slash');
  await button(page, 'canned_add').click();
  await page.getByRole('heading', { name: t('canned') }).waitFor();
});

thread('in the smallest window nothing is clipped', async (page) => {
  await button(page, 'emoji').click();
  await group(page, 'emoji_smileys').waitFor();
  await nothingClipped(page, 'the emoji');
  await page.keyboard.press('Escape');
  await text(page).fill('/');
  await replies(page).waitFor();
  await nothingClipped(page, 'the replies');
}, { width: 360, height: 480 });
