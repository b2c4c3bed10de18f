// Compiles messages/*.json into typed functions, for svelte-check and the tests; Vite does the same when it builds.
import { compile } from '@inlang/paraglide-js';

await compile({
  project: './project.inlang',
  outdir: './src/paraglide',
  experimentalStaticLocale: '"en"',
  disableAsyncLocalStorage: true,
  emitReadme: false,
});
