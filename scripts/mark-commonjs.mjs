/** The package is `type: module`; what was built as CommonJS says so in a package.json of its own. */
import { writeFileSync } from 'node:fs';

writeFileSync(new URL('../dist/cjs/package.json', import.meta.url), '{ "type": "commonjs" }\n');
