import { CompletedRanges } from '../../../lib/engine/completed-ranges.js';
import { Engine } from '../../../lib/engine/engine.js';
import type { EngineLimits } from '../../../lib/engine/engine-host.js';
import type { HandlerQueue } from '../../../lib/engine/handler-queue.js';
import type { PartitionQueue } from '../../../lib/engine/partition-queue.js';
import type { Clock } from '../../../lib/consumer/clock.js';
import { chunk, settle } from '../../support/fake-fetch-wire.js';

/** Real partitions on a real engine, whose handlers end when the test says so. */
export class PartitionHarness {
  readonly engine: Engine;
  /** In the order in which their handlers started. */
  readonly started: string[] = [];
  /** Handlers end at once, by themselves. */
  completesAll = false;
  roomAppeared: () => void = () => {};
  progressed: (queue: PartitionQueue) => void = () => {};
  private readonly handler: HandlerQueue;
  private readonly running = new Map<string, () => void>();

  constructor(clock: Clock, limits: Partial<EngineLimits> = {}) {
    this.engine = new Engine(
      { concurrency: 10_000, recordsPerPartition: 5000, bytes: 1e9, ...limits },
      {
        now: () => clock.now(),
        wakeAt: () => {},
        roomAppeared: () => this.roomAppeared(),
        stopRequested: () => {},
        timeoutError: () => new Error('timed out'),
        later: (work) => setImmediate(work),
      },
    );
    this.handler = this.engine.handlerQueue({
      name: 'handler',
      options: {
        ordering: 'none',
        concurrency: Infinity,
        retry: { retries: 0, delayMs: () => 0, retryable: () => true },
        onExhausted: 'hold',
        maxHeldPerPartition: 1000,
        timeoutMs: null,
        abortGraceMs: 50,
        ack: 'auto',
      },
      invoke: ({ queue, offset }) => {
        const name = `${queue.topic}/${queue.partition}@${offset}`;
        this.started.push(name);
        return this.completesAll ? undefined : new Promise<void>((resolve) => this.running.set(name, resolve));
      },
      classify: (error) => ({ kind: 'failed', error }),
    });
  }

  open(topic: string, partition: number, offset = 0, completed = CompletedRanges.NONE): PartitionQueue {
    const start = { topic, partition, epoch: 1, offset, completed, lease: { untilMs: Infinity } };
    return this.engine.open(this.handler, { ...start, progressed: (queue) => this.progressed(queue) });
  }

  /** Delivers so many records from the position on; their handlers run. */
  deliver(queue: PartitionQueue, count: number): void {
    const from = queue.tracker.position;
    queue.receive(chunk(queue.topic, queue.partition, from, from + count), 0);
  }

  async complete(queue: PartitionQueue, ...offsets: readonly number[]): Promise<void> {
    for (const offset of offsets) {
      const name = `${queue.topic}/${queue.partition}@${offset}`;
      const end = this.running.get(name);
      if (end === undefined) throw new Error(`${name} is not running`);
      this.running.delete(name);
      end();
    }
    await settle();
  }
}
