// Child processes that end with the test that started them.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A running program whose output is read line by line. */
export class Child {
  #process;
  #waiting = [];
  #lines = [];
  #ended;
  stderr = '';

  /** @param {string} program @param {string[]} args @param {import('node:child_process').SpawnOptions} options */
  constructor(program, args, options = {}) {
    this.name = `${program} ${args[0] ?? ''}`;
    this.#process = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
    // Whatever happens to this script, nothing that it started stays behind.
    const kill = () => this.#process.kill('SIGKILL');
    process.once('exit', kill);
    this.#ended = new Promise((resolve) => {
      this.#process.once('error', (error) => resolve({ code: -1, error }));
      this.#process.once('exit', (code, signal) => resolve({ code, signal }));
    });
    void this.#ended.then(() => process.off('exit', kill));
    this.#process.stderr?.setEncoding('utf8').on('data', (text) => {
      this.stderr = (this.stderr + text).slice(-20_000);
    });
    if (this.#process.stdout) {
      createInterface({ input: this.#process.stdout }).on('line', (line) => this.#take(line));
    }
    // A pipe that closes early is the other side's business; `ended` tells.
    this.#process.stdin?.on('error', () => {});
  }

  get pid() {
    return this.#process.pid;
  }

  /** Resolves with `{code, signal}` when the program has ended. */
  get ended() {
    return this.#ended;
  }

  write(text) {
    this.#process.stdin.write(text);
  }

  /** Closes its standard input, after a last text. */
  end(text = '') {
    this.#process.stdin.end(text);
  }

  /** Every line so far. */
  get lines() {
    return this.#lines;
  }

  /** The first line, from number `from` on, that `matches`; waits for it. */
  async line(matches = () => true, { from = 0, within = 20_000 } = {}) {
    const found = this.#lines.slice(from).find(matches);
    if (found !== undefined) return found;
    const wanted = new Promise((resolve) => this.#waiting.push({ matches, resolve }));
    const ended = this.#ended.then(({ code }) => {
      throw new Error(`${this.name} ended with ${code}: ${this.stderr}`);
    });
    ended.catch(() => {});
    return await deadline(Promise.race([wanted, ended]), within, () => `a line of ${this.name}; so far: ${this.#lines.slice(-5).join('\n')} ${this.stderr.slice(-2000)}`);
  }

  async stop(signal = 'SIGTERM') {
    if (this.#process.exitCode === null && this.#process.signalCode === null) this.#process.kill(signal);
    const late = setTimeout(() => this.#process.kill('SIGKILL'), 10_000);
    await this.#ended;
    clearTimeout(late);
  }

  #take(line) {
    this.#lines.push(line);
    const served = this.#waiting.filter((one) => one.matches(line));
    this.#waiting = this.#waiting.filter((one) => !served.includes(one));
    for (const one of served) one.resolve(line);
  }
}

/** `promise`, or a failure that names what was waited for. */
export async function deadline(promise, milliseconds, what) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${milliseconds} ms for ${what()}`)), milliseconds);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks until the answer is true; the last failure is part of the message. */
export async function until(what, ask, within = 30_000) {
  const end = performance.now() + within;
  let last;
  while (performance.now() < end) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited ${within} ms for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
}
