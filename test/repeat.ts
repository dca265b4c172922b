/**
 * `npm run test:repeat -- 50 [jest's arguments]`: runs the embedded half of the tests so often, and goes on after a failure, whose
 * output it keeps. Exits with 0 only where no repetition failed.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';

const [count = '50', ...args] = process.argv.slice(2);
const repetitions = Number(count);
if (!Number.isInteger(repetitions) || repetitions < 1) {
  process.stderr.write(`${count} is no number of repetitions: npm run test:repeat -- 50\n`);
  process.exit(2);
}

const folder = mkdtempSync(join(tmpdir(), 'repeat-'));
let passed = 0;
let failures = 0;
const beganMs = performance.now();
for (let repetition = 1; repetition <= repetitions; repetition++) {
  const { status, stdout, stderr } = spawnSync('npx', ['jest', ...args, '--selectProjects', 'embedded'], { encoding: 'utf8', maxBuffer: 1 << 28 });
  const [totals = 'no totals', count = '0'] = /^(\d+) passed, .*$/m.exec(stdout) ?? [];
  passed += Number(count);
  process.stdout.write(`${new Date().toISOString()}  ${repetition} of ${repetitions}: ${totals}  (load ${loadavg()[0].toFixed(1)} on ${cpus().length} cores)\n`);
  if (status === 0) continue;
  failures++;
  const file = join(folder, `${repetition}.log`);
  writeFileSync(file, stdout + stderr);
  process.stdout.write(`  failed, see ${file}\n`);
}
process.stdout.write(`${repetitions} repetitions in ${Math.round((performance.now() - beganMs) / 60_000)} minutes, ${failures} of them failed; ${passed} tests passed\n`);
process.exitCode = failures === 0 ? 0 : 1;
