/**
 * This library beside its peers on one broker: `npm run bench -- --workload w1|w2|w3|w5|all --rounds 3`.
 *
 * Every contender runs in a fresh process and a fresh group, in turn within each round, and what counts is the ratio of the
 * medians: absolute figures are those of one machine. KAFKA_BROKERS names a broker that may be filled, else one is started.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startKafka } from '../scripts/kafka/start-kafka.js';
import { type Case, cases, RECORDS } from './cases.js';
import { runInProcess } from './process-run.js';
import { judge, mediansOf, print } from './report.js';
import type { Figures } from './run-settings.js';
import { Topics } from './topics.js';

const RUN_LIMIT_MS = 60_000;
/** No further run begins after this. */
const TOTAL_LIMIT_MS = 30 * 60_000;

const { values: options } = parseArgs({
  options: {
    workload: { type: 'string', default: 'all' },
    rounds: { type: 'string', default: '3' },
    /** Part of a case's or a contender's name, to look at one thing. */
    case: { type: 'string', default: '' },
    contender: { type: 'string', multiple: true },
    out: { type: 'string', default: '.cache/bench/results.json' },
    /** Writes a CPU profile of each process into this folder. */
    profile: { type: 'string' },
  },
});
const rounds = Number(options.rounds);
const chosen = cases
  .filter(({ workload, name }) => (options.workload === 'all' || workload === options.workload) && name.includes(options.case))
  .map((each) => ({ ...each, contenders: each.contenders.filter((name) => options.contender?.includes(name) ?? true) }));
if (chosen.length === 0 || !(rounds >= 1)) throw new Error('Nothing to run. Use --workload w1|w2|w3|w5|all and --rounds 1 or more.');

const nodeArguments = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
const endMs = performance.now() + TOTAL_LIMIT_MS;

build();
const cluster = await startKafka();
const topics = new Topics(cluster.brokers);
try {
  const results = [];
  for (const each of chosen) results.push(await runCase(each));
  write({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, records: RECORDS, rounds, cases: results });
} finally {
  await topics.delete();
  await cluster.stop();
}

/** Compiled as it is published: no loader in the measured processes. */
function build(): void {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  execFileSync(process.execPath, [tsc, '-p', fileURLToPath(new URL('tsconfig.json', import.meta.url))], { stdio: 'inherit' });
}

async function runCase(each: Case): Promise<unknown> {
  const runs = new Map<string, Figures[]>(each.contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= rounds; round++) {
    // Whoever comes first finds another machine than whoever comes last.
    const order = round % 2 === 1 ? each.contenders : each.contenders.toReversed();
    for (const contender of order) {
      if (performance.now() > endMs) break;
      const topic = await topics.get(each.topic);
      const figures = await runInProcess(each, { contender, topic, brokers: cluster.brokers, records: RECORDS, limitMs: RUN_LIMIT_MS, nodeArguments });
      if (figures === null) console.error(`${each.name}, ${contender}: ended, or was ended after ${RUN_LIMIT_MS / 1000} s, without figures`);
      else runs.get(contender)?.push(figures);
      console.error(`${each.name}, round ${round}, ${contender}: ${figures === null ? '-' : JSON.stringify(figures)}`);
    }
  }
  const medians = mediansOf(runs);
  const judged = judge(each, medians);
  print(each, medians, judged);
  return { name: each.name, what: each.what, runs: Object.fromEntries(runs), medians: Object.fromEntries(medians), goals: judged };
}

function write(results: unknown): void {
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\nEverything that was measured is in ${options.out}`);
}
