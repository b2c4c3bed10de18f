// The JavaScript of the first screen, gzipped: what index.html loads, what that imports, and the host that main.ts
// picks. Lazy parts (settings, connect, dialogs, menus) do not count. Fails above the limit.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT = 90_000;
const dist = new URL('../dist/', import.meta.url);
const read = (path) => readFileSync(new URL(path, dist));

const seen = new Set();
function visit(path) {
  if (seen.has(path)) return;
  seen.add(path);
  const code = read(path).toString();
  for (const [, file] of code.matchAll(/(?:from|import)\s*"\.\/([^"]+\.js)"/g)) visit(`assets/${file}`);
  // The host is chosen while starting, so it belongs to the first screen.
  if (path.includes('/index-')) for (const [, file] of code.matchAll(/import\((?:"|`)\.\/(tauri-[^"`]+\.js)/g)) visit(`assets/${file}`);
}
for (const [, file] of read('index.html').toString().matchAll(/(?:src|href)="\/?(assets\/[^"]+\.js)"/g)) visit(file);

let total = 0;
for (const path of seen) {
  const size = gzipSync(read(path), { level: 9 }).length;
  total += size;
  console.log(`${String(size).padStart(7)}  ${path}`);
}
console.log(`${String(total).padStart(7)}  first screen, limit ${LIMIT}`);
if (total > LIMIT) process.exit(1);
if (![...seen].some((path) => path.includes('tauri-'))) throw new Error('the host was not found: mend this script');
