import './styles/tokens.css';
import './styles/base.css';
import { mount } from 'svelte';
import App from './App.svelte';
import { asUserError } from './ipc/host';
import { App as State } from './state/app.svelte';

const target = document.getElementById('app') ?? document.body;

async function start(): Promise<void> {
  // A page that a web view of ours shows has Tauri's internals before its first script.
  const { host } = await ('__TAURI_INTERNALS__' in window ? import('./ipc/tauri') : import('./ipc/bridge'));
  try {
    const app = new State(host, await host.boot());
    window.addEventListener('error', (event) => {
      // Said by the browser when observers of sizes cause sizes; the next frame settles it.
      if (!event.message.startsWith('ResizeObserver loop')) app.report(event.error ?? event.message);
    });
    window.addEventListener('unhandledrejection', (event) => app.report(event.reason));
    mount(App, { target, props: { app } });
  } catch (thrown) {
    const { default: Stopped } = await import('./features/window/Stopped.svelte');
    mount(Stopped, { target, props: { host, error: asUserError(thrown) } });
  }
}

void start();
