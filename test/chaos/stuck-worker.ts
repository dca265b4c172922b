import { createGroupConsumer } from '../../lib/consumer/create-group-consumer.js';
import type { TopicHandler } from '../../lib/consumer/group-consumer.js';
import type { Delivery } from '../../lib/engine/delivery.js';
import { kafkajsWire } from '../../lib/kafkajs/kafkajs-wire.js';
import { groupOptions } from '../../lib/options/group-options.js';
import { handlerOptions } from '../../lib/options/handler-options.js';
import { seeded } from '../support/random.js';

/** Tells its parent, whenever that asks, what it has done and what that costs. Ends with its parent. */
export interface StuckConfig {
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly topic: string;
  readonly records: number;
  /** Offset 0 hangs; so many others, by chance, fail and are held. None of both where it is false. */
  readonly stuck: false | { readonly held: number };
}
export interface StuckReport {
  readonly done: number;
  readonly started: number;
  readonly held: number;
  /** Heap and buffers after a collection, and what the process occupies, in MB. */
  readonly usedMb: number;
  readonly residentMb: number;
  readonly commitMs: readonly number[];
  readonly rebalances: number;
  /** From the assignment until nothing is incomplete and everything has been read; null until then. */
  readonly atPositionMs: number | null;
  /** One bit for each offset that was started, as base64. */
  readonly offsets: string;
}

const config = JSON.parse(process.env['STUCK_WORKER'] ?? '') as StuckConfig;
const offsets = Buffer.alloc(Math.ceil((config.records + 1) / 8));
const failing = config.stuck === false ? new Set<number>() : chosen(config.stuck.held, config.records);
const commitMs: number[] = [];
let [done, started] = [0, 0];
let atPositionMs: number | null = null;

function chosen(count: number, below: number): Set<number> {
  const random = seeded(5);
  const numbers = new Set<number>();
  while (numbers.size < count) numbers.add(1 + Math.floor(random() * below));
  return numbers;
}

function handle({ offset }: Delivery): unknown {
  started++;
  offsets[offset >> 3] |= 1 << (offset & 7);
  if (config.stuck !== false && offset === 0) return new Promise(() => undefined);
  if (failing.has(offset)) throw new Error('not today');
  done++;
  return undefined;
}

const handler: TopicHandler = {
  name: 'Stuck.handle',
  topics: [config.topic],
  options: handlerOptions({ ordering: 'none', retry: { retries: 0 }, maxHeldPerPartition: config.records }, () => undefined),
  invoke: handle,
  classify: (error) => ({ kind: 'failed', error }),
};
const silent = (): void => undefined;
const log = { info: silent, warn: silent, error: silent, debug: null };
const client = { brokers: [...config.brokers] };
const options = groupOptions({ groupId: config.groupId, fromBeginning: true }, { client }, 'default');
const consumer = createGroupConsumer({
  options,
  handlers: [handler],
  wire: kafkajsWire({ client, groupId: config.groupId, sessionTimeoutMs: options.sessionTimeoutMs, log }),
  hooks: { assigned: () => Promise.resolve(watchPosition()), revoked: () => Promise.resolve() },
  log,
});
consumer.listener = { committed: (_, durationMs) => void commitMs.push(durationMs) };

function watchPosition(): void {
  const began = performance.now();
  const watch = setInterval(() => {
    if (consumer.stats().partitions.every(({ committableOffset }) => committableOffset <= config.records)) return;
    clearInterval(watch);
    atPositionMs = Math.round(performance.now() - began);
  }, 5);
}

process.on('message', () => {
  global.gc?.();
  const { heapUsed, external, rss } = process.memoryUsage();
  const { rebalanceCount, heldCount } = consumer.stats();
  const report: StuckReport = {
    done,
    started,
    held: heldCount,
    usedMb: (heapUsed + external) / 1e6,
    residentMb: rss / 1e6,
    commitMs: commitMs.splice(0),
    rebalances: rebalanceCount,
    atPositionMs,
    offsets: offsets.toString('base64'),
  };
  process.send?.(report);
});
process.on('disconnect', () => process.exit(2));
await consumer.connect();
await consumer.start();
