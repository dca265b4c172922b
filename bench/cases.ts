import type { Figures, RunSettings } from './run-settings.js';

export type Workload = 'w1' | 'w2' | 'w3' | 'w5';
export type TopicName = 'random' | 'ten' | 'stamped';

/** A figure of a case against a figure of another contender in the same rounds, or against what is possible at all. */
export interface Goal {
  readonly contender: string;
  readonly figure: 'rate' | 'p50' | 'p99' | 'peakRssMb' | 'cpuUs';
  readonly against: string | { readonly ideal: number };
  /** Ratio that is to be reached: `atLeast` where more is better, else `atMost`. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

export interface Case {
  readonly name: string;
  readonly workload: Workload;
  readonly what: string;
  readonly topic: TopicName;
  readonly settings: Pick<RunSettings, 'workload' | 'concurrency'>;
  readonly contenders: readonly string[];
  readonly goals: readonly Goal[];
}

export const RECORDS = 500_000;
export const KEYS = 100_000;
const OURS = 'ours';
const JAVA = ['Parallel Consumer KEY', 'Parallel Consumer UNORDERED'];
const PEERS = ['kafkajs eachMessage', 'kafkajs batch + semaphore', "Nest's transport", ...JAVA];
/** Contenders that keep records of one key in order while others run beside them, or run nothing beside them. */
const ORDERED: ReadonlySet<string> = new Set([
  OURS, 'ours, json', 'ours without Nest', 'ours without Nest, json', 'Parallel Consumer KEY',
  'kafkajs eachMessage', 'kafkajs never commits', 'kafkajs batch + JSON.parse', "Nest's transport",
]);
const UNORDERABLE: ReadonlySet<string> = new Set(['timers', 'ten timers', 'our fetch loop']);

export const cases: readonly Case[] = [
  {
    name: 'W1, 100 in flight',
    workload: 'w1',
    what: 'the handler sleeps 10 ms; 100,000 keys',
    topic: 'random',
    settings: { workload: 'sleep', concurrency: 100 },
    contenders: ['timers', OURS, ...PEERS],
    goals: [{ contender: OURS, figure: 'rate', against: 'timers', atLeast: 0.95 }],
  },
  {
    name: 'W1, 1,000 in flight',
    workload: 'w1',
    what: 'the handler sleeps 10 ms; 100,000 keys',
    topic: 'random',
    settings: { workload: 'sleep', concurrency: 1_000 },
    contenders: ['timers', OURS, 'ours without Nest', 'kafkajs batch + semaphore', ...JAVA],
    goals: [{ contender: OURS, figure: 'rate', against: 'timers', atLeast: 0.9 }],
  },
  {
    name: 'W1, 10 keys',
    workload: 'w1',
    what: 'the handler sleeps 10 ms; 10 keys, of which each waits for itself',
    topic: 'ten',
    settings: { workload: 'sleep', concurrency: 100 },
    // Without an order there are no ten keys: it has read everything before it is measured.
    contenders: ['ten timers', OURS, 'kafkajs eachMessage', 'Parallel Consumer KEY'],
    goals: [
      { contender: OURS, figure: 'rate', against: { ideal: 1_000 }, atLeast: 0.97 },
      { contender: OURS, figure: 'rate', against: 'ten timers', atLeast: 0.97 },
    ],
  },
  {
    name: 'W2',
    workload: 'w2',
    what: `the handler does nothing; ${RECORDS.toLocaleString('en')} records`,
    topic: 'random',
    settings: { workload: 'nothing', concurrency: 100 },
    contenders: [
      OURS, 'ours, json', 'ours without Nest', 'ours without Nest, json', 'our fetch loop',
      'kafkajs never commits', 'kafkajs batch + JSON.parse', 'kafkajs eachMessage', "Nest's transport", ...JAVA,
    ],
    goals: [
      { contender: OURS, figure: 'rate', against: 'kafkajs never commits', atLeast: 1 },
      { contender: OURS, figure: 'cpuUs', against: 'kafkajs never commits', atMost: 1 },
      { contender: 'ours, json', figure: 'rate', against: 'kafkajs batch + JSON.parse', atLeast: 1.2 },
      { contender: 'ours, json', figure: 'cpuUs', against: 'kafkajs batch + JSON.parse', atMost: 1 / 1.2 },
      { contender: 'ours, json', figure: 'rate', against: "Nest's transport", atLeast: 6 },
      { contender: OURS, figure: 'peakRssMb', against: "Nest's transport", atMost: 1.1 },
    ],
  },
  {
    name: 'W3',
    workload: 'w3',
    what: '200 records a second, the handler does nothing; milliseconds from produce to handler',
    topic: 'stamped',
    settings: { workload: 'latency', concurrency: 100 },
    contenders: [OURS, 'kafkajs never commits', 'kafkajs eachMessage', "Nest's transport", ...JAVA],
    goals: [
      { contender: OURS, figure: 'p50', against: 'kafkajs never commits', atMost: 1.2 },
      { contender: OURS, figure: 'p99', against: 'kafkajs never commits', atMost: 1.2 },
    ],
  },
  {
    name: 'W5',
    workload: 'w5',
    what: 'one record blocks 10 s, the others sleep 10 ms, 100 in flight; rate of the others',
    topic: 'random',
    settings: { workload: 'blocked', concurrency: 100 },
    contenders: ['timers', OURS, ...PEERS],
    goals: [
      { contender: OURS, figure: 'rate', against: { ideal: 9_900 }, atLeast: 0.95 },
      { contender: OURS, figure: 'rate', against: 'timers', atLeast: 0.95 },
    ],
  },
];

/** Contenders that a goal looks at run in every round, the others in the first one. */
export function contendersOf({ contenders, goals }: Case, round: number): readonly string[] {
  const judged = new Set(goals.flatMap(({ contender, against }) => [contender, against]));
  return round === 1 ? contenders : contenders.filter((contender) => judged.has(contender));
}

/** Null where there is no order to keep. */
export function keepsOrder(contender: string): boolean | null {
  return UNORDERABLE.has(contender) ? null : ORDERED.has(contender);
}

export type CaseFigures = ReadonlyMap<string, readonly Figures[]>;
