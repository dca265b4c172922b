import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import type { Delivery } from '../../../lib/engine/delivery.js';
import { Engine } from '../../../lib/engine/engine.js';
import type { EngineLimits, EngineListener } from '../../../lib/engine/engine-host.js';
import type { Handler, HandlerOptions } from '../../../lib/engine/handler.js';
import type { HandlerQueue } from '../../../lib/engine/handler-queue.js';
import type { PartitionQueue } from '../../../lib/engine/partition-queue.js';
import { NO_KEY, type RecordChunk } from '../../../lib/engine/record-chunk.js';

export interface FakeRecord {
  readonly offset: number;
  readonly key: number | null;
}

/** A chunk whose keys are small numbers, each its own hash. */
export class FakeChunk implements RecordChunk {
  readonly topic = 'orders';
  readonly bytes: number;
  constructor(
    readonly partition: number,
    readonly from: number,
    readonly to: number,
    private readonly records: readonly FakeRecord[],
  ) {
    this.bytes = 10 * records.length;
  }
  get count(): number {
    return this.records.length;
  }
  offset(index: number): number {
    return this.records[index].offset;
  }
  keyHash(index: number): number {
    return this.records[index].key ?? NO_KEY;
  }
  key(index: number): Buffer | null {
    const { key } = this.records[index];
    return key === null ? null : Buffer.from(String(key));
  }
  value(): Buffer | null {
    return null;
  }
  text(): string | null {
    return null;
  }
  headers(): Record<string, never> {
    return {};
  }
  timestampMs(): number {
    return 0;
  }
  attributes(): number {
    return 0;
  }
  copy(index: number): RecordChunk {
    return new FakeChunk(this.partition, this.offset(index), this.offset(index) + 1, [this.records[index]]);
  }
}

export const defaults: HandlerOptions = {
  ordering: 'key',
  concurrency: Infinity,
  retry: { retries: 0, delayMs: () => 100, retryable: () => true },
  onExhausted: 'hold',
  maxHeldPerPartition: 1000,
  timeoutMs: null,
  abortGraceMs: 50,
  ack: 'auto',
};

/** One run of a handler that the test ends when it wants to. */
export interface Run {
  readonly delivery: Delivery;
  readonly attempt: number;
  readonly offset: number;
  succeed(): Promise<void>;
  fail(error?: unknown): Promise<void>;
}

/** An engine on a clock that only the test moves, whose handlers end only when the test says so. */
export class EngineHarness {
  time = 0;
  readonly running: Run[] = [];
  /** Offsets in the order in which their handlers started. */
  readonly started: number[] = [];
  readonly stopRequests: unknown[] = [];
  roomSignals = 0;
  readonly engine: Engine;
  private wakeAt: number | null = null;
  private readonly handlers = new Map<string, HandlerQueue>();
  readonly lease = { untilMs: Infinity };

  constructor(limits: Partial<EngineLimits> = {}, listener: EngineListener | null = null) {
    this.engine = new Engine(
      { concurrency: 100, recordsPerPartition: 5000, bytes: 1e6, ...limits },
      {
        now: () => this.time,
        wakeAt: (due) => (this.wakeAt = due),
        roomAppeared: () => this.roomSignals++,
        stopRequested: (_, error) => this.stopRequests.push(error),
        timeoutError: (_, timeoutMs) => new Error(`timed out after ${timeoutMs} ms`),
        later: (work) => setImmediate(work),
      },
    );
    this.engine.listener = listener;
  }

  handler(options: Partial<HandlerOptions> = {}, name = 'handler', invoke?: Handler['invoke']): HandlerQueue {
    const existing = this.handlers.get(name);
    if (existing) return existing;
    const queue = this.engine.handlerQueue({
      name,
      options: { ...defaults, ...options },
      invoke: invoke ?? ((delivery) => this.run(delivery)),
      classify: (error) => ({ kind: 'failed', error }),
    });
    this.handlers.set(name, queue);
    return queue;
  }

  open(handler: HandlerQueue, partition = 0, offset = 0, completed = CompletedRanges.NONE): PartitionQueue {
    return this.engine.open(handler, { topic: 'orders', partition, epoch: 1, offset, completed, lease: this.lease, progressed: () => {} });
  }

  /** Delivers consecutive records from the queue's position on. */
  deliver(queue: PartitionQueue, keys: readonly (number | null)[]): void {
    const from = queue.position;
    const records = keys.map((key, index) => ({ offset: from + index, key }));
    queue.receive(new FakeChunk(queue.partition, from, from + keys.length, records), this.time);
  }

  runOf(offset: number): Run {
    const run = this.running.find((candidate) => candidate.offset === offset);
    if (run === undefined) throw new Error(`offset ${offset} is not running; running: ${this.running.map((r) => r.offset).join(' ')}`);
    return run;
  }

  /** Moves the clock, stopping at every deadline on the way. */
  async pass(ms: number): Promise<void> {
    const end = this.time + ms;
    while (this.wakeAt !== null && this.wakeAt <= end) {
      this.time = Math.max(this.time, this.wakeAt);
      this.wakeAt = null;
      this.engine.tick();
      await settle();
    }
    this.time = end;
  }

  private run(delivery: Delivery): Promise<void> {
    this.started.push(delivery.offset);
    return new Promise<void>((resolve, reject) => {
      const end = async (finish: () => void): Promise<void> => {
        this.running.splice(this.running.indexOf(run), 1);
        finish();
        await settle();
      };
      const run: Run = {
        delivery,
        attempt: delivery.attempt,
        offset: delivery.offset,
        succeed: () => end(resolve),
        fail: (error = new Error('failed')) => end(() => reject(error)),
      };
      this.running.push(run);
    });
  }
}

/** Lets what is already decided happen: promise reactions, and the engine's own turns. */
export async function settle(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}
