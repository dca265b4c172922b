import { createGroupConsumer } from '../../../lib/consumer/create-group-consumer.js';
import type { GroupConsumer, OwnedPartition } from '../../../lib/consumer/group-consumer.js';
import type { GroupOptions } from '../../../lib/consumer/options.js';
import type { Delivery } from '../../../lib/engine/delivery.js';
import type { HandlerOptions } from '../../../lib/engine/handler.js';
import { FakeLog, ManualClock, settle } from '../../support/fake-fetch-wire.js';
import { FakeGroupWire } from '../../support/fake-group-wire.js';

const OPTIONS: GroupOptions = {
  connection: 'default',
  groupId: 'group',
  concurrency: 100,
  members: 1,
  buffer: { recordsPerPartition: 5000, bytes: 1e9 },
  commit: { strategy: 'auto', intervalMs: 500, records: 1000, offsetMap: true },
  rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 120_000 },
  fromBeginning: true,
  isolation: 'read_committed',
  fetch: { minBytes: 1, maxBytes: 1e7, maxBytesPerPartition: 1e6, maxWaitMs: 250 },
  sessionTimeoutMs: 15_000,
  heartbeatIntervalMs: 1000,
  rebalanceTimeoutMs: 60_000,
  metadataMaxAgeMs: 300_000,
  missingTopics: 'wait',
};

/** One member of a group (or more) on a clock and a broker of the test, whose handlers end when the test says so. Topic `t` has four partitions. */
export class MemberHarness {
  readonly clock = new ManualClock();
  /** One of each member. */
  readonly wires: readonly FakeGroupWire[];
  private opened = 0;
  readonly log = new FakeLog();
  readonly consumer: GroupConsumer;
  /** `partition@offset`, in the order of the starts. */
  readonly started: string[] = [];
  readonly aborted: string[] = [];
  /** `assigned 0 1`, `rebalance 1`, ... */
  readonly hooks: string[] = [];
  /** What the hooks wait for. */
  hookWork: (call: string) => Promise<void> = () => Promise.resolve();
  private readonly running = new Map<string, { readonly delivery: Delivery; readonly end: () => void }>();

  constructor(options: Partial<GroupOptions> = {}, handler: Partial<HandlerOptions> = {}) {
    const { members = 1 } = options;
    this.wires = Array.from({ length: members }, () => new FakeGroupWire(this.clock).topic('t', 4));
    const hook = async (what: string, partitions: readonly OwnedPartition[]): Promise<void> => {
      const call = `${what} ${partitions.map(({ partition }) => partition).sort().join(' ')}`;
      this.hooks.push(call);
      await this.hookWork(call);
    };
    this.consumer = createGroupConsumer(
      {
        options: { ...OPTIONS, ...options },
        handlers: [
          {
            name: 'Test.handle',
            topics: ['t'],
            options: {
              ordering: 'none',
              concurrency: Infinity,
              retry: { retries: 0, delayMs: () => 0, retryable: () => true },
              onExhausted: 'hold',
              maxHeldPerPartition: 1000,
              timeoutMs: null,
              abortGraceMs: 50,
              ack: 'auto',
              ...handler,
            },
            invoke: (delivery) => this.run(delivery),
            classify: (error) => ({ kind: 'failed', error }),
          },
        ],
        wire: () => this.wires[this.opened++ % members],
        hooks: { assigned: (partitions) => hook('assigned', partitions), revoked: (partitions, reason) => hook(reason, partitions) },
        log: this.log,
      },
      this.clock,
    );
  }

  /** Of the first member. */
  get wire(): FakeGroupWire {
    return this.wires[0];
  }

  /** The first join waits then. */
  async start(): Promise<this> {
    await this.during(this.consumer.connect());
    await this.during(this.consumer.start());
    await settle();
    return this;
  }

  /** A member since generation 1 with these partitions. */
  async member(...partitions: number[]): Promise<this> {
    await this.start();
    await this.wire.assemble(1);
    await this.wire.assign({ t: partitions });
    await settle();
    return this;
  }

  /** The coordinator says that the group assembles, and the member's join waits. */
  async rebalance(): Promise<void> {
    this.wire.pulse = 'rebalancing';
    await this.clock.pass(1000);
  }
  /** The join that waits is answered, and then the sync. */
  async assigned(generation: number, partitions: readonly number[], more: Parameters<FakeGroupWire['assign']>[1] = {}): Promise<void> {
    this.wire.pulse = 'ok';
    await this.wire.assemble(generation);
    await this.wire.assign({ t: partitions }, more);
    await settle();
  }

  append(partition: number, count: number): Promise<void> {
    return this.wire.append('t', partition, count);
  }
  /** Ends handlers that run. */
  async complete(partition: number, ...offsets: number[]): Promise<void> {
    for (const offset of offsets) {
      const name = `${partition}@${offset}`;
      const { end } = this.find(name);
      this.running.delete(name);
      end();
    }
    await settle();
  }
  /** One that runs. */
  delivery(partition: number, offset: number): Delivery {
    return this.find(`${partition}@${offset}`).delivery;
  }
  /** What Kafka has, by partition. */
  stored(partition: number): number | undefined {
    return this.wire.stored.get(`t/${partition}`)?.offset;
  }
  get owned(): number[] {
    return this.consumer.stats().partitions.map(({ partition }) => partition).sort();
  }
  get draining(): number[] {
    return this.consumer.stats().partitions.filter(({ paused }) => paused === 'drain').map(({ partition }) => partition).sort();
  }
  claimed(of: 'owned' | 'draining' | 'preferred' = 'owned'): readonly number[] {
    return this.wire.claims[of].get('t') ?? [];
  }

  private find(name: string): { readonly delivery: Delivery; readonly end: () => void } {
    const found = this.running.get(name);
    if (found === undefined) throw new Error(`${name} is not running; ${[...this.running.keys()].join(' ')} are`);
    return found;
  }

  private async during(work: Promise<void>): Promise<void> {
    let isDone = false;
    const watched = work.finally(() => (isDone = true));
    await settle();
    for (let turns = 0; !isDone && turns < 50; turns++) await this.clock.pass(10);
    await watched;
  }

  private run(delivery: Delivery): Promise<void> {
    const name = `${delivery.partition}@${delivery.offset}`;
    this.started.push(name);
    delivery.signal.addEventListener('abort', () => this.aborted.push(name));
    return new Promise((resolve) => this.running.set(name, { delivery, end: resolve }));
  }
}
