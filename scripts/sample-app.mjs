/** Builds what has changed of the library and the sample app, and runs one of the app's files: `node scripts/sample-app.mjs demo`. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const [name = 'main'] = process.argv.slice(2);
const project = new URL('../', import.meta.url);
const tsc = fileURLToPath(new URL('node_modules/typescript/bin/tsc', project));
process.stdout.write('Compiling (the first time it takes a while) ...\n');
const { status } = spawnSync(process.execPath, [tsc, '-b', fileURLToPath(new URL('sample-app', project))], { stdio: 'inherit' });
if (status !== 0) process.exit(status ?? 1);
await import(new URL(`sample-app/dist/sample-app/${name}.js`, project));
