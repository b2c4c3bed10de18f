// What svelte-check does not see: the rules of the web view (no HTML strings, no literal user text, colours by token,
// no casts of IPC data) and the message file (each key used, each use a key).
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ui = fileURLToPath(new URL('..', import.meta.url));
const problems = [];

function files(folder, endings) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !/[/\\](?:paraglide|node_modules|target)[/\\]/.test(path));
}
function report(path, text, index, what) {
  problems.push(`${relative(ui, path)}:${text.slice(0, index).split('\n').length}  ${what}`);
}

/** [what it is, pattern, does it concern this file] */
const bans = [
  ['HTML string: remote text reaches the DOM as text nodes only', /\{@html|\.(?:inner|outer)HTML\b|insertAdjacentHTML|document\.write|new DOMParser|createContextualFragment/g, () => true],
  ['code from a string', /\beval\(|new Function\(/g, () => true],
  ["':dir()': the build turns it into a list of languages; use [dir='rtl']", /:dir\(/g, (path) => /\.(svelte|css)$/.test(path)],
  ['inline style: use a class, or style:property for a position', /\sstyle=["{]/g, (path) => path.endsWith('.svelte')],
  ['`any`', /[:<,|&(]\s*any\b(?!\.)|\bas any\b/g, () => true],
  ['literal colour: use a token', /#[0-9a-fA-F]{3,8}\b(?=[\s;,)'"])|\b(?:rgba?|hsla?|oklch|oklab|lab|lch)\(/g, (path) => /\.(?:svelte|css)$/.test(path) && !path.endsWith('tokens.css')],
  ['@tauri-apps is named in src/ipc only', /@tauri-apps\//g, (path) => !/[/\\]ipc[/\\]/.test(path)],
  ['remote address', /(?:src|href)=["']https?:/g, () => true],
  ['a feature imports another feature', /from '\.\.\/(?!\.\.)[a-z]+\//g, (path) => /[/\\]features[/\\]/.test(path)],
  ['shared imports a feature', /from '[^']*features\//g, (path) => /[/\\]shared[/\\]/.test(path)],
];

const sources = files(join(ui, 'src'), ['.svelte', '.ts', '.css']).filter((path) => !path.endsWith('bindings.ts'));
for (const path of sources) {
  const text = readFileSync(path, 'utf8');
  for (const [what, pattern, concerns] of bans) {
    if (concerns(path)) for (const match of text.matchAll(pattern)) report(path, text, match.index, what);
  }
  if (path.endsWith('.svelte')) literals(path, text);
}

/** Words between tags, and in the attributes that people read or hear. */
function literals(path, text) {
  const blank = (match) => match.replace(/[^\n]/g, ' ');
  const markup = text
    .replace(/<script[\s\S]*?<\/script>/g, blank)
    .replace(/<style[\s\S]*?<\/style>/g, blank)
    .replace(/<!--[\s\S]*?-->/g, blank);
  for (const match of markup.matchAll(/\s(?:title|alt|placeholder|aria-label)="([^"{]*\p{L}{2}[^"{]*)"/gu)) {
    if (!/^https:|^X$/.test(match[1])) report(path, text, match.index, `literal text: ${match[1]}`);
  }
  // Expressions go first, innermost outwards, then tags.
  let plain = markup;
  for (let before = ''; before !== plain; ) {
    before = plain;
    plain = plain.replace(/\{[^{}]*\}/g, blank);
  }
  plain = plain.replace(/<[^>]*>/g, blank);
  // Brand names are the same in every language.
  for (const match of plain.matchAll(/\p{L}{2,}/gu)) if (match[0] !== 'Ayrshare') report(path, text, match.index, `literal text: ${match[0]}`);
}

// Messages: keys that nobody asks for, and keys that nobody wrote.
const keys = Object.keys(JSON.parse(readFileSync(join(ui, 'messages/en.json'), 'utf8'))).filter((key) => key !== '$schema');
const asked = new Set();
for (const path of sources) for (const [, key] of readFileSync(path, 'utf8').matchAll(/\bm\.([a-z][a-z0-9_]*)\b(?!\s*[=.])/g)) asked.add(key);
const rust = files(join(ui, '../src-tauri'), ['.rs']).map((path) => readFileSync(path, 'utf8')).join('\n');
for (const [, key] of rust.matchAll(/"((?:notify|tray|cli)_[a-z0-9_]+)"/g)) {
  asked.add(key);
  if (!keys.includes(key)) problems.push(`messages/en.json  missing, asked for by Rust: ${key}`);
}
// Rust names others too, and some by their beginning.
for (const [, key] of rust.matchAll(/"([a-z][a-z0-9_]*)"/g)) if (keys.includes(key)) asked.add(key);
for (const [, start] of rust.matchAll(/"([a-z][a-z0-9_]*_)\{\}"/g)) for (const key of keys) if (key.startsWith(start)) asked.add(key);
for (const key of keys) if (!asked.has(key)) problems.push(`messages/en.json  unused: ${key}`);

if (problems.length > 0) {
  console.error(problems.join('\n'));
  process.exit(1);
}
console.log(`lint: ${sources.length} files, ${keys.length} messages`);
