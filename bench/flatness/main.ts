/** CPU time of one record in the engine alone, under one load; the argument is `Load` as JSON. Prints `Cost`. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { CompletedRanges } from '../../lib/engine/completed-ranges.js';
import { Engine } from '../../lib/engine/engine.js';
import type { HandlerOptions } from '../../lib/engine/handler.js';
import type { PartitionQueue } from '../../lib/engine/partition-queue.js';
import type { Cost, Load } from './load.js';
import { MadeChunk } from './made-chunk.js';

const WARM_UP = 150_000;
const MEASURED = 300_000;
const CHUNK_RECORDS = 50;

const load = JSON.parse(process.argv[2] ?? '{}') as Load;
const options: HandlerOptions = {
  ordering: 'key',
  concurrency: Infinity,
  retry: { retries: 0, delayMs: () => 0, retryable: () => true },
  onExhausted: 'hold',
  maxHeldPerPartition: Infinity,
  timeoutMs: null,
  abortGraceMs: 5_000,
  ack: 'auto',
};
const engine = new Engine(
  { concurrency: load.inFlight, recordsPerPartition: Infinity, bytes: Infinity },
  {
    now: () => performance.now(),
    wakeAt: () => {},
    roomAppeared: () => {},
    stopRequested: () => {},
    timeoutError: () => new Error('timed out'),
    later: (work) => void setImmediate(work),
  },
);
let running: (() => void)[] = [];
let toHold = load.holes;
const handler = engine.handlerQueue({
  name: 'made',
  options,
  invoke: () => {
    if (toHold > 0) {
      toHold--;
      throw new Error('held');
    }
    return new Promise<void>((resolve) => running.push(resolve));
  },
  classify: (error) => ({ kind: 'failed', error }),
});
const partitions = Array.from({ length: load.partitions }, (_, partition) =>
  engine.open(handler, { topic: 'made', partition, epoch: 1, offset: 0, completed: CompletedRanges.NONE, lease: { untilMs: Infinity }, progressed: () => {} }),
);
let turn = 0;

/** Partitions take turns, as chunks of a busy fetch do. */
function feed(records: number): void {
  for (let fed = 0; fed < records; fed += CHUNK_RECORDS) {
    const queue: PartitionQueue = partitions[turn++ % partitions.length];
    queue.receive(new MadeChunk(queue.partition, queue.position, CHUNK_RECORDS, load.keys), performance.now());
  }
}

/** Every handler in flight ends, and as many others follow, until so many records are done. */
async function handle(records: number): Promise<void> {
  const end = engine.counters.processed + records;
  while (engine.counters.processed < end) {
    const waiting = partitions.length === 0 ? 0 : engine.counters.consumed - engine.counters.processed - load.holes;
    if (waiting < 3 * load.inFlight) feed(3 * load.inFlight);
    const ending = running;
    running = [];
    for (const resolve of ending) resolve();
    await nextTurn();
  }
}

await handle(WARM_UP);
const before = process.cpuUsage();
const handledBefore = engine.counters.processed;
await handle(MEASURED);
const { user, system } = process.cpuUsage(before);
const cost: Cost = { cpuUs: (user + system) / (engine.counters.processed - handledBefore), peakRssMb: process.resourceUsage().maxRSS / 1024 };
console.log(JSON.stringify(cost));
