/**
 * The host in a browser, for tests: the same commands over HTTP, to a server on loopback that only a developer starts
 * (`src-tauri/src/bin/bridge.rs`). The token of the run comes in the URL's hash.
 */
import { type Change, type CloseRequested, commands, type OpenAt } from './bindings';
import { asUserError, type Host, plain, Refused } from './host';

const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';

async function invoke(command: string, args: object = {}): Promise<unknown> {
  const answer = await fetch(`/invoke/${command}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify(args),
  });
  const body: unknown = await answer.json();
  // What is not an Error is what the generated commands hand on as a refusal.
  if (!answer.ok) throw asUserError(body);
  return body;
}

// The generated commands call `invoke` of @tauri-apps/api, which looks here at each call.
Object.assign(window, { __TAURI_INTERNALS__: { invoke } });

export const host: Host = {
  ...plain(commands),
  picksFiles: false,
  mediaUrl: (path) => `/media/${path}?token=${encodeURIComponent(token)}`,
  listen(listeners) {
    const changes = new EventSource(`/changes?token=${encodeURIComponent(token)}`);
    changes.addEventListener('message', (event) => listeners.changes(parse<Change[]>(event)));
    changes.addEventListener('open_at', (event) => listeners.open(parse<OpenAt>(event)));
    changes.addEventListener('close_requested', (event) => listeners.closeRequested(parse<CloseRequested>(event).tray));
    return new Promise((resolve, reject) => {
      changes.addEventListener('open', () => resolve(), { once: true });
      changes.addEventListener('error', () => reject(new Refused(asUserError('no bridge'))), { once: true });
    });
  },
};

function parse<T>(event: MessageEvent<string>): T {
  return JSON.parse(event.data);
}
