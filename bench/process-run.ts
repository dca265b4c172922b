import { fork } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import type { Case } from './cases.js';
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
  const child = fork(MAIN, [JSON.stringify(settings)], { execArgv: [...run.nodeArguments], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const stop = new AbortController();
  const timer = setTimeout(() => child.kill('SIGKILL'), run.limitMs);
  try {
    let producing = Promise.resolve();
    const figures = await new Promise<Figures | null>((resolve) => {
      const arrived = new Promise<void>((first) => {
        child.on('message', (message: Report) => (message.kind === 'first' ? first() : resolve(message.figures)));
      });
      child.once('exit', () => resolve(null));
      if (workload === 'latency') producing = produceStamped(run.brokers, run.topic, arrived, stop.signal);
    });
    stop.abort();
    await producing;
    if (child.exitCode === null && child.signalCode === null) await new Promise((resolve) => child.once('exit', resolve));
    return figures;
  } finally {
    clearTimeout(timer);
  }
}
