/** `npm run test:chaos`: see docs/chaos.md. Exits with 0 only where every promise held. */
import { rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { runChaos } from './chaos.js';
import { reportLines } from './report.js';
import { type ChaosSettings, parseSettings, USAGE } from './settings.js';

const say = (line: string): void => void process.stdout.write(`${line}\n`);

function settingsOrExit(): ChaosSettings {
  try {
    return parseSettings(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n${USAGE}\n`);
    return process.exit(2);
  }
}

const settings = settingsOrExit();
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
const report = await runChaos(settings, say, stopping.signal);
for (const line of reportLines(report)) say(line);
if (report.verdict.failures.length > 0 || process.env['CHAOS_DEBUG'] !== undefined) say(`The ledger stays: ${report.ledger}`);
else rmSync(dirname(report.ledger), { recursive: true });
process.exitCode = report.verdict.failures.length === 0 ? 0 : 1;
