import { paraglideVitePlugin } from '@inlang/paraglide-js';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { emojiData } from './scripts/emoji.mjs';

export default defineConfig({
  plugins: [
    // `npm test` compiles the messages beforehand: the plugin's watcher would keep Vitest from ending.
    process.env['VITEST'] === undefined &&
      paraglideVitePlugin({
        project: './project.inlang',
        outdir: './src/paraglide',
        // One language so far: the runtime that chooses among languages falls out of the bundle.
        experimentalStaticLocale: '"en"',
        disableAsyncLocalStorage: true,
        emitReadme: false,
      }),
    emojiData(),
    svelte(),
  ],
  clearScreen: false,
  server: { host: '127.0.0.1', port: 5173, strictPort: true },
  // Everything in dist is embedded into the binary, so no source maps. WebKitGTK 2.40 is Safari 16.
  // One stylesheet, in the page from the start: when one is added later, WebKitGTK 2.50 loses the paint of what was laid
  // out meanwhile, and the window stays empty until the first key (seen without accelerated compositing, 5 of 6 starts).
  build: {
    target: 'safari16', outDir: 'dist', emptyOutDir: true, sourcemap: false, cssCodeSplit: false,
    modulePreload: { polyfill: false },
  },
  // The browser build of Svelte: rune classes are tested as they run.
  resolve: process.env['VITEST'] !== undefined ? { conditions: ['browser'] } : {},
  test: { environment: 'node', include: ['src/**/*.test.ts'] },
});
