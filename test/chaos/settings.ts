import { parseArgs } from 'node:util';
import { type FaultName, FAULTS, isFaultName } from './fault-names.js';
import type { Order } from './judge/order.js';

export interface ChaosSettings {
  /** How long faults are played. */
  readonly seconds: number;
  /** Of the schedule: what happens when, and to whom. */
  readonly seed: number;
  readonly brokers: 1 | 3;
  readonly order: Order;
  readonly faults: readonly FaultName[];
  /** Mean time between two faults. */
  readonly everyMs: number;
  /** At most so many are produced. */
  readonly records: number;
  readonly perSecond: number;
  readonly processes: number;
  readonly partitions: number;
  /** Per partition. */
  readonly keys: number;
  readonly longestHandlerMs: number;
  /** Null: the product's default. */
  readonly sessionTimeoutMs: number | null;
  /** No partition that stays where it is may pause for longer; only for graceful faults. */
  readonly longestPauseMs: number | null;
  readonly recoverWithinMs: number;
}

export const DEFAULTS: ChaosSettings = {
  seconds: 60,
  seed: 1,
  brokers: 1,
  order: 'key',
  faults: ['kill', 'freeze', 'stall', 'term', 'churn', 'cut', 'half-open', 'latency', 'lag'],
  everyMs: 3_000,
  records: Infinity,
  perSecond: 200,
  processes: 4,
  partitions: 12,
  keys: 50,
  longestHandlerMs: 20_000,
  sessionTimeoutMs: null,
  longestPauseMs: null,
  recoverWithinMs: 15_000,
};

/** What handlers of the default times can do of one partition, one after the other. */
const SERIAL_PER_SECOND = 3;

export function settingsOf(given: Partial<ChaosSettings>): ChaosSettings {
  const settings = { ...DEFAULTS, ...given };
  if (settings.order === 'partition' && given.perSecond === undefined) return { ...settings, perSecond: SERIAL_PER_SECOND * settings.partitions };
  return settings;
}

export const USAGE = `npm run test:chaos -- [options]
  --seconds 60        how long faults are played; then the group must reach every end
  --seed 1            of the schedule
  --brokers 1         1 or 3
  --order key         key, partition or none
  --faults a,b        of ${Object.keys(FAULTS).join(', ')}
  --every 3000        mean milliseconds between two faults
  --records n         at most so many are produced
  --rate 200          records per second
  --processes 4  --partitions 12  --keys 50 (per partition)
  --longest 20000     longest time of a handler in milliseconds
  --session n         sessionTimeoutMs instead of the default
  --pause n           no partition that stays where it is may pause for longer
  --recover 15000     after a fault of brokers`;

const OPTIONS = ['seconds', 'seed', 'brokers', 'order', 'faults', 'every', 'records', 'rate', 'processes', 'partitions', 'keys', 'longest', 'session', 'pause', 'recover'] as const;
type Option = (typeof OPTIONS)[number];

/** @throws with the usage where an option is not one. */
export function parseSettings(args: readonly string[]): ChaosSettings {
  const options = Object.fromEntries(OPTIONS.map((name) => [name, { type: 'string' as const }]));
  const values: Partial<Record<Option, string>> = parseArgs({ args: [...args], options }).values;
  const number = (option: Option): number | undefined => {
    const text = values[option];
    if (text !== undefined && !(Number(text) >= 0)) throw new Error(`--${option} ${text} is not a number`);
    return text === undefined ? undefined : Number(text);
  };
  const given: Partial<ChaosSettings> = {
    seconds: number('seconds'),
    seed: number('seed'),
    brokers: choice(values, 'brokers', ['1', '3']) === '3' ? 3 : 1,
    order: choice(values, 'order', ['key', 'partition', 'none'] as const),
    faults: values.faults?.split(',').map(faultName),
    everyMs: number('every'),
    records: number('records'),
    perSecond: number('rate'),
    processes: number('processes'),
    partitions: number('partitions'),
    keys: number('keys'),
    longestHandlerMs: number('longest'),
    sessionTimeoutMs: number('session'),
    longestPauseMs: number('pause'),
    recoverWithinMs: number('recover'),
  };
  return settingsOf(Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)));
}

function choice<T extends string>(values: Partial<Record<Option, string>>, option: Option, choices: readonly T[]): T | undefined {
  const text = values[option];
  const found = choices.find((each) => each === text);
  if (text !== undefined && found === undefined) throw new Error(`--${option} ${text} is none of ${choices.join(', ')}`);
  return found;
}

function faultName(text: string): FaultName {
  if (!isFaultName(text)) throw new Error(`There is no fault ${text}`);
  return text;
}
