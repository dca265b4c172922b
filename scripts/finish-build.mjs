/** What tsc leaves undone. */
import { chmodSync, writeFileSync } from 'node:fs';

const dist = (path) => new URL(`../dist/${path}`, import.meta.url);
// The package is `type: module`; what was built as CommonJS says so in a package.json of its own.
writeFileSync(dist('cjs/package.json'), '{ "type": "commonjs" }\n');
chmodSync(dist('esm/cli/main.js'), 0o755);
