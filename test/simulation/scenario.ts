import type { GroupOptions } from '../../lib/consumer/options.js';
import { BYTES_PER_RECORD } from './partition-log.js';
import { Random } from './random.js';

/** What happens from outside, and when. `pick` in [0, 1) says to which of those that are there then. */
export type Action = { readonly atMs: number; readonly pick: number } & (
  | { readonly kind: 'append'; readonly count: number }
  | { readonly kind: 'join' | 'crash' | 'leader moves' | 'topic grows' | 'compaction' | 'retention' | 'truncation' }
  | { readonly kind: 'freeze'; readonly durationMs: number; readonly timersFirst: boolean }
  | { readonly kind: 'stop'; readonly timeoutMs: number; readonly drainFirst: boolean; readonly startsAgain: boolean }
  | { readonly kind: 'cut off' | 'coordinator moves' | 'foreign member'; readonly durationMs: number }
  /** Of one partition, a topic or everything, in one process. */
  | { readonly kind: 'pause'; readonly durationMs: number; readonly extent: 'partition' | 'topic' | 'everything' }
  /** One is frozen until its session is over, and shortly before it wakes the others go. */
  | { readonly kind: 'relay'; readonly durationMs: number; readonly crashes: boolean }
  | { readonly kind: 'noise'; readonly durationMs: number; readonly loss: number; readonly late: number; readonly refusals: number }
  | { readonly kind: 'operator'; readonly crashes: boolean; readonly reset: 'back' | 'forward' | 'damage' | 'foreign map' | 'none' }
);

/** How handlers behave until calm comes: shares of their attempts, and times. */
export interface HandlerHabits {
  readonly typicalMs: number;
  readonly slowMs: number;
  readonly slow: number;
  readonly failing: number;
  readonly hanging: number;
  readonly instant: number;
}

export interface Scenario {
  readonly seed: number;
  readonly topics: readonly number[];
  readonly keys: number;
  readonly backlog: number;
  readonly processes: number;
  readonly options: Omit<GroupOptions, 'concurrency' | 'members' | 'rebalance'>;
  readonly protocols: readonly GroupOptions['rebalance']['protocol'][];
  readonly assignment: GroupOptions['rebalance']['assignment'];
  readonly drainTimeoutMs: number;
  readonly handler: {
    readonly ordering: 'key' | 'partition' | 'none';
    readonly retries: number;
    readonly retryDelayMs: number;
    readonly onExhausted: 'hold' | 'skip';
    readonly maxHeldPerPartition: number;
    readonly timeoutMs: number | null;
    readonly abortGraceMs: number;
    readonly ack: 'auto' | 'manual';
  };
  readonly habits: HandlerHabits;
  readonly initialRebalanceDelayMs: number;
  readonly metadataChars: number;
  readonly hookMs: number;
  readonly actions: readonly Action[];
  readonly durationMs: number;
}

export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const durationMs = random.between(10_000, 40_000);
  const timeoutMs = random.chance(0.4) ? random.between(500, 4000) : null;
  return {
    seed,
    topics: Array.from({ length: random.int(1, 2) }, () => random.int(1, 4)),
    keys: random.int(1, 8),
    backlog: random.int(0, 60),
    processes: random.int(1, 4),
    options: optionsOf(random),
    protocols: random.chance(0.8) ? ['cooperative'] : random.chance(0.5) ? ['eager'] : ['cooperative', 'eager'],
    assignment: random.pick(['sticky', 'sticky', 'range', 'round-robin'] as const),
    drainTimeoutMs: random.between(500, 12_000),
    handler: {
      ordering: random.pick(['key', 'key', 'partition', 'none'] as const),
      retries: random.int(0, 3),
      retryDelayMs: random.pick([0, 50, 500, 5000]),
      onExhausted: random.chance(0.7) ? 'hold' : 'skip',
      maxHeldPerPartition: random.int(1, 8),
      timeoutMs,
      abortGraceMs: random.between(50, 2000),
      ack: random.chance(0.15) ? 'manual' : 'auto',
    },
    habits: habitsOf(random, timeoutMs !== null),
    initialRebalanceDelayMs: random.pick([0, 0, 500, 3000]),
    metadataChars: random.chance(0.1) ? random.int(8, 200) : 4096,
    hookMs: random.pick([0, 0, 20, 1500]),
    actions: actionsOf(random, durationMs),
    durationMs,
  };
}

function optionsOf(random: Random): Scenario['options'] {
  const heartbeatIntervalMs = random.between(150, 1500);
  return {
    connection: 'default',
    groupId: 'group',
    buffer: { recordsPerPartition: random.int(1, 60), bytes: BYTES_PER_RECORD * random.int(1, 200) },
    commit: { strategy: random.pick(['auto', 'auto', 'batch', 'immediate'] as const), intervalMs: random.between(100, 1500), records: random.int(1, 20), offsetMap: random.chance(0.9) },
    fromBeginning: random.chance(0.7),
    isolation: 'read_committed',
    fetch: { minBytes: 1, maxBytes: 1e7, maxBytesPerPartition: BYTES_PER_RECORD * random.int(1, 40), maxWaitMs: random.pick([100, 250, 500, 5000]) },
    sessionTimeoutMs: random.between(4, 8) * heartbeatIntervalMs + 1000,
    heartbeatIntervalMs,
    rebalanceTimeoutMs: random.between(5000, 20_000),
    metadataMaxAgeMs: random.between(2000, 15_000),
    missingTopics: 'wait',
  };
}

function habitsOf(random: Random, mayHang: boolean): HandlerHabits {
  return {
    typicalMs: random.pick([1, 20, 200]),
    slowMs: random.between(1000, 15_000),
    slow: random.pick([0, 0.02, 0.1]),
    failing: random.pick([0, 0.05, 0.3]),
    hanging: mayHang ? random.pick([0, 0.03]) : 0,
    instant: random.pick([0, 0.3]),
  };
}

const KINDS = [
  ...['append', 'append', 'append', 'append', 'append', 'append', 'append', 'join', 'join', 'stop', 'stop', 'crash', 'crash', 'freeze', 'freeze'],
  ...['pause', 'pause', 'relay', 'cut off', 'coordinator moves', 'noise', 'noise', 'operator', 'leader moves', 'topic grows', 'compaction', 'retention', 'truncation'],
] as Action['kind'][];

function actionsOf(random: Random, durationMs: number): Action[] {
  // Half of the worlds are almost quiet: in those, repeats have no excuse.
  const faults = random.chance(0.5) ? KINDS : KINDS.filter((kind) => ['append', 'join', 'stop', 'crash', 'pause', 'topic grows', 'compaction'].includes(kind));
  const kinds = random.chance(0.1) ? [...faults, 'foreign member' as const, 'foreign member' as const] : faults;
  const actions = Array.from({ length: random.int(4, 24) }, () => actionOf(random, random.pick(kinds), random.between(0, durationMs)));
  return actions.sort((a, b) => a.atMs - b.atMs);
}

function actionOf(random: Random, kind: Action['kind'], atMs: number): Action {
  const base = { atMs, pick: random.share() };
  switch (kind) {
    case 'append':
      return { ...base, kind, count: random.int(1, 40) };
    case 'freeze':
      return { ...base, kind, durationMs: random.between(500, 25_000), timersFirst: random.chance(0.5) };
    case 'stop':
      return { ...base, kind, timeoutMs: random.between(0, 15_000), drainFirst: random.chance(0.2), startsAgain: random.chance(0.3) };
    case 'relay':
      return { ...base, kind, durationMs: random.between(8000, 30_000), crashes: random.chance(0.5) };
    case 'pause':
      return { ...base, kind, durationMs: random.between(200, 20_000), extent: random.pick(['partition', 'topic', 'everything'] as const) };
    case 'cut off':
    case 'coordinator moves':
    case 'foreign member':
      return { ...base, kind, durationMs: random.between(200, 12_000) };
    case 'noise':
      return { ...base, kind, durationMs: random.between(1000, 15_000), loss: random.pick([0, 0.02, 0.2]), late: random.pick([0, 0.05, 0.3]), refusals: random.pick([0, 0.05, 0.3]) };
    case 'operator':
      return { ...base, kind, crashes: random.chance(0.5), reset: random.pick(['back', 'forward', 'damage', 'foreign map', 'none'] as const) };
    default:
      return { ...base, kind };
  }
}
