/**
 * This library beside its peers on one broker: `npm run bench`, or a part of it: `npm run bench -- w1 w6 --rounds 1`.
 *
 * Every contender runs in a fresh process and a fresh group, in turn within each round, and what counts is the ratio of the
 * medians: absolute figures are those of one machine. KAFKA_BROKERS names a broker that may be filled, else one is started.
 * What is printed is what docs/performance.md shows; `--docs` puts it there.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startKafka } from '../scripts/kafka/start-kafka.js';
import { type Case, cases, contendersOf, RECORDS } from './cases.js';
import { buildJavaContender, isJava } from './java-contender.js';
import { runInProcess } from './process-run.js';
import { caseTable, type GoalRow, goalTable, judge, mediansOf } from './report.js';
import { putIntoDocs } from './results-in-docs.js';
import type { Figures } from './run-settings.js';
import { type Study, studies } from './studies.js';
import { Topics } from './topics.js';

const RUN_LIMIT_MS = 60_000;
/** No further run begins after this. */
const TOTAL_LIMIT_MS = 20 * 60_000;

const { values: options, positionals: workloads } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '3' },
    /** Part of a case's or a study's name, and names of contenders, to look at one thing. */
    case: { type: 'string', default: '' },
    contender: { type: 'string', multiple: true },
    out: { type: 'string', default: '.cache/bench/results.json' },
    /** Writes a CPU profile of each process into this folder. */
    profile: { type: 'string' },
    docs: { type: 'boolean', default: false },
  },
});
const rounds = Number(options.rounds);
const isChosen = ({ workload, name }: Case | Study): boolean => (workloads.length === 0 || workloads.includes(workload)) && name.includes(options.case);
const chosen = cases.filter(isChosen).map((each) => ({ ...each, contenders: each.contenders.filter((name) => options.contender?.includes(name) ?? true) }));
const chosenStudies = options.contender === undefined ? studies.filter(isChosen) : [];
if (chosen.length + chosenStudies.length === 0 || !(rounds >= 1)) throw new Error('Nothing to run. Name some of w1 w2 w3 w5 w6 producer, or none for all, and --rounds 1 or more.');

const nodeArguments = options.profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${options.profile}`];
const endMs = performance.now() + TOTAL_LIMIT_MS;
const loadBefore = load();

build();
const unbuilt = chosen.some(({ contenders }) => contenders.some(isJava)) ? await buildJavaContender() : null;
if (unbuilt !== null) console.error(`Parallel Consumer is left out: ${unbuilt}`);
const measured = await measureCases();
const shown: string[] = [];
for (const study of chosenStudies) if (performance.now() < endMs) shown.push(`**${study.name}**: ${study.what}\n\n${await study.run()}`);
const results = text();
console.log(`\n${results}`);
write();
if (options.docs) putIntoDocs(results);

/** Compiled as it is published: no loader in the measured processes. */
function build(): void {
  const tsc = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
  execFileSync(process.execPath, [tsc, '-p', fileURLToPath(new URL('tsconfig.json', import.meta.url))], { stdio: 'inherit' });
}

interface Measured {
  readonly each: Case;
  readonly runs: ReadonlyMap<string, readonly Figures[]>;
}

async function measureCases(): Promise<Measured[]> {
  if (chosen.length === 0) return [];
  const cluster = await startKafka();
  const topics = new Topics(cluster.brokers);
  const all: Measured[] = [];
  try {
    for (const each of chosen) all.push({ each, runs: await runCase(each, topics, cluster.brokers) });
  } finally {
    await topics.delete();
    await cluster.stop();
  }
  return all;
}

async function runCase(each: Case, topics: Topics, brokers: readonly string[]): Promise<ReadonlyMap<string, readonly Figures[]>> {
  const runs = new Map<string, Figures[]>(each.contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= rounds; round++) {
    const contenders = contendersOf(each, round).filter((contender) => unbuilt === null || !isJava(contender));
    // Whoever comes first finds another machine than whoever comes last.
    for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
      if (performance.now() > endMs) break;
      const topic = await topics.get(each.topic);
      const figures = await runInProcess(each, { contender, topic, brokers, records: RECORDS, limitMs: RUN_LIMIT_MS, nodeArguments });
      if (figures === null) console.error(`${each.name}, ${contender}: ended, or was ended after ${RUN_LIMIT_MS / 1000} s, without figures`);
      else runs.get(contender)?.push(figures);
      console.error(`${each.name}, round ${round}, ${contender}: ${figures === null ? '-' : JSON.stringify(figures)}`);
    }
  }
  return runs;
}

function text(): string {
  const goals: GoalRow[] = [];
  const tables: string[] = [];
  for (const { each, runs } of measured) {
    const medians = mediansOf(runs);
    goals.push(...judge(each, medians));
    tables.push(caseTable(each, medians));
  }
  const machine = `Node ${process.versions.node}, ${cpus().length} × ${cpus()[0]?.model ?? 'an unknown processor'}, load ${loadBefore} before the run and ${load()} at its end; medians of ${rounds} rounds, contenders without a goal in the first one.`;
  return [machine, ...(goals.length > 0 ? [goalTable(goals)] : []), ...tables, ...shown].join('\n\n');
}

function load(): string {
  return loadavg()[0]?.toFixed(1) ?? '?';
}

function write(): void {
  const figures = measured.map(({ each: { name, what }, runs }) => ({ name, what, runs: Object.fromEntries(runs) }));
  mkdirSync(dirname(options.out), { recursive: true });
  writeFileSync(options.out, `${JSON.stringify({ node: process.version, cpu: cpus()[0]?.model, cores: cpus().length, records: RECORDS, rounds, figures, results }, null, 2)}\n`);
  console.error(`\nEverything that was measured is in ${options.out}`);
}
