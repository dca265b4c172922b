/**
 * `npm run test:simulation:planted [-- --seconds 120] [--only 3,5]`: plants one bug at a time into a copy of the library and measures how
 * long the simulation takes to find it. Prints the table of docs/simulation.md; exits with 1 when one is not found.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const COPIED = ['lib/engine', 'lib/assignors', 'lib/consumer', 'test/simulation', 'test/support/random.ts'];

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '120' }, only: { type: 'string', default: '' } } });
const chosen = values.only === '' ? PLANTED_BUGS.map((_, index) => index) : values.only.split(',').map(Number);

console.log('| planted | found by | at seed | seconds |\n|-|-|-|-|');
let missed = 0;
for (const index of chosen) {
  const { found, seeds, seconds } = search(PLANTED_BUGS[index], join(root, '.cache', 'planted', String(index)));
  if (found === null) missed++;
  console.log(`| ${PLANTED_BUGS[index].name} | ${found ?? '**not found**'} | ${seeds} | ${seconds.toFixed(1)} |`);
}
process.exitCode = missed === 0 ? 0 : 1;

function search(planted: PlantedBug, folder: string): { found: string | null; seeds: number; seconds: number } {
  plant(planted, folder);
  const beganMs = performance.now();
  const run = spawnSync(process.execPath, ['--import', 'tsx', join(folder, 'test/simulation/run.ts'), '--from', '1', '--brief', '--seconds', values.seconds], { cwd: root, encoding: 'utf8' });
  const seconds = (performance.now() - beganMs) / 1000;
  rmSync(folder, { recursive: true });
  const count = /^(\d+) seeds from/m.exec(run.stdout);
  if (count === null) throw new Error(`the simulation did not end: ${run.stderr}`);
  return { found: /^seed \d+: (\w+):/m.exec(run.stderr)?.[1] ?? null, seeds: Number(count[1]), seconds };
}

function plant({ name, edits }: PlantedBug, folder: string): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const path of COPIED) cpSync(join(root, path), join(folder, path), { recursive: true });
  for (const { file, search: text, replace } of edits) {
    const path = join(folder, 'lib', file);
    const source = readFileSync(path, 'utf8');
    if (source.split(text).length !== 2) throw new Error(`"${name}": ${file} must contain once: ${text}`);
    writeFileSync(path, source.replace(text, () => replace));
  }
}
