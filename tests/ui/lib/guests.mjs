// The demo's guests, who show every kind of message and speak through Graph alone.
import { until } from '../../shared/process.mjs';

/** Everything that is held, of all accounts. */
export const all = { platforms: [], business: null, account: null, state: null, only: null, sort: 'newest' };

/** Connects the Page of the demo's bakery and waits for its guests; answers their rows by name. */
export async function connectPage(bridge) {
  const { api_base: apiBase, pages } = bridge.simulator.meta;
  const { page_token: token, app_secret } = pages[0].secrets;
  await bridge.invoke('connect_meta', { apiBase, keys: { token, app_secret }, name: null });
  return await until('the guests', async () => {
    const { rows } = await bridge.invoke('conversations', { query: all, after: null, limit: 200 });
    const guests = Object.fromEntries(['Priya Nair', 'Ottoline Frey', 'Lido Canteen'].map((name) => [name, rows.find((row) => row.name === name)]));
    return Object.values(guests).every((row) => row?.messages > 5) && guests;
  }, 60_000);
}

/** Opens a conversation as a click on a notification would, and waits until its thread stands still. */
export async function openThread(page, bridge, row, message = null) {
  const pane = page.getByRole('region', { name: row.name });
  await until(`the thread with ${row.name}`, async () => {
    // A page that has just begun may not listen yet; it opens a thread only once.
    await bridge.emit('open', { conversation: row.id, message });
    return (await pane.getByRole('article').count()) > 0;
  });
  await pane.evaluate(async (element) => {
    // It goes to the first unread message, and looks again when what it passed was measured.
    for (let top = null, still = 0; still < 15; top = element.scrollTop) {
      still = element.scrollTop === top ? still + 1 : 0;
      await new Promise((done) => requestAnimationFrame(done));
    }
  });
}
