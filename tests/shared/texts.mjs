// The words on the screen, from the file that the application reads: a test asks for them by key, so that a better
// sentence breaks no test.
import { readFileSync } from 'node:fs';

const english = JSON.parse(readFileSync(new URL('../../ui/messages/en.json', import.meta.url), 'utf8'));

/** The sentence `key`, its `{names}` filled in; for counted ones the form of `count`. */
export function t(key, values = {}) {
  let sentence = english[key];
  if (Array.isArray(sentence)) {
    const forms = Object.entries(sentence[0].match);
    const form = values.count === 1 ? 'one' : 'other';
    sentence = (forms.find(([name]) => name.endsWith(`=${form}`)) ?? forms.at(-1))[1];
  }
  if (sentence === undefined) throw new Error(`${key} is not in ui/messages/en.json`);
  return sentence.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/** The same as a pattern: what is not given matches anything. */
export function like(key, values = {}) {
  const parts = t(key, values).split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(parts.join('.*'));
}
