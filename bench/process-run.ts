import { type ChildProcess, fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Case } from './cases.js';
import { isJava, launchJava } from './java-contender.js';
import { produceStamped } from './latency-producer.js';
import type { Figures, Report, RunSettings } from './run-settings.js';

const MAIN = fileURLToPath(new URL('../.cache/bench/built/bench/contenders/main.js', import.meta.url));

export interface ProcessRun {
  readonly contender: string;
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly records: number;
  /** After this the process is killed and the run has no figures. */
  readonly limitMs: number;
  /** Arguments for Node, such as --cpu-prof. */
  readonly nodeArguments: readonly string[];
}

/** One contender in a process and a group of its own. Null: no figures in time. */
export async function runInProcess({ settings: { workload, concurrency } }: Case, run: ProcessRun): Promise<Figures | null> {
  const settings: RunSettings = {
    contender: run.contender,
    workload,
    concurrency,
    brokers: run.brokers,
    topic: run.topic,
    records: run.records,
    groupId: `bench-${randomUUID()}`,
  };
  const stop = new AbortController();
  const reports = new EventEmitter<{ first: []; figures: [Figures] }>();
  const arrived = once(reports, 'first').then(() => undefined);
  const child = launch(settings, run.nodeArguments, (report) => {
    if (report.kind === 'first') reports.emit('first');
    else reports.emit('figures', report.figures);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), run.limitMs);
  try {
    const producing = workload === 'latency' ? produceStamped(run.brokers, run.topic, arrived, stop.signal) : Promise.resolve();
    const figures = await new Promise<Figures | null>((resolve) => {
      reports.once('figures', resolve);
      child.once('close', () => resolve(null));
    });
    stop.abort();
    await producing;
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
    return figures;
  } finally {
    clearTimeout(timer);
  }
}

function launch(settings: RunSettings, nodeArguments: readonly string[], reported: (report: Report) => void): ChildProcess {
  if (isJava(settings.contender)) return launchJava(settings, reported);
  const child = fork(MAIN, [JSON.stringify(settings)], { execArgv: [...nodeArguments], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  return child.on('message', reported);
}
