// The simulated providers, in a process of their own: what is on the other side of the network.
import assert from 'node:assert/strict';
import { Child, until } from './process.mjs';

const PROGRAM = process.env.BACKSCROLL_BIN;

export class Simulator {
  #child;

  /** Starts it; `listen` is where an earlier one listened, to come back after an absence. */
  static async start({ seed = 3, listen = '127.0.0.1:0' } = {}) {
    assert.ok(PROGRAM, 'BACKSCROLL_BIN is not set: start the tests with `cargo xtask test app`');
    const simulator = new Simulator();
    simulator.#child = new Child(PROGRAM, ['demo', '--seed', String(seed), '--listen', listen]);
    simulator.#hear(JSON.parse(await simulator.#child.line()));
    return simulator;
  }

  /** One that runs inside another program, which handed on its announcement. */
  static inside(announcement) {
    const simulator = new Simulator();
    simulator.#hear(announcement);
    return simulator;
  }

  #hear(told) {
    this.apiBase = told.ayrshare.api_base;
    this.secrets = told.ayrshare.secrets;
    this.profiles = told.ayrshare.profiles;
    this.meta = told.meta;
  }

  get address() {
    return new URL(this.apiBase).host;
  }

  /** Calls the test controls. */
  async control(call, body) {
    const answer = await fetch(new URL(`/__control/${call}`, this.apiBase), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await answer.text();
    assert.ok(answer.ok, `${call}: ${answer.status} ${text}`);
    return JSON.parse(text);
  }

  /** All conversations of a platform (`facebook`, `instagram`, `twitter`) of the primary profile. */
  async chats(platform) {
    return (await this.control('chats')).filter((chat) => chat.profile === 0 && chat.platform === platform);
  }

  /** The person writes. */
  async inbound(chat, text) {
    return await this.control('inbound', { profile: chat.profile, platform: chat.platform, person: chat.conversation, text });
  }

  /** Messages that were truly delivered, with this text. */
  async delivered(text) {
    return (await this.control('ledger')).filter((entry) => entry.direction === 'out' && entry.text === text);
  }

  /** Waits until this text was delivered; how often it was. */
  async deliveries(text, within) {
    return await until(`the delivery of “${text}”`, async () => (await this.delivered(text)).length, within);
  }

  /** The next `times` requests of this kind fail. */
  async fail(fault, { method = '', path = '', within = '', times = 1 } = {}) {
    await this.control('fail', { method, path, within, times, fault });
  }

  async stop() {
    await this.#child?.stop();
  }
}
