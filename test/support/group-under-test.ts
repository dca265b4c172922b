import { createGroupConsumer } from '../../lib/consumer/create-group-consumer.js';
import type { GroupConsumer, GroupHooks, GroupListener, GroupLog, GroupStats, TopicHandler } from '../../lib/consumer/group-consumer.js';
import { zlibCompression } from '../../lib/consumer/offset-map-compression.js';
import type { GroupOptions } from '../../lib/consumer/options.js';
import type { Delivery } from '../../lib/engine/delivery.js';
import type { HandlerOptions } from '../../lib/engine/handler.js';
import type { Verdict } from '../../lib/engine/failure-policy.js';
import { decodeOffsetMap } from '../../lib/engine/offset-map.js';
import { kafkajsWire, type KafkajsWireConfig } from '../../lib/kafkajs/kafkajs-wire.js';
import { eventually, testBrokers, withAdmin } from './kafka.js';

/** A record as a test's handler gets it. */
export interface Taken {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly attempt: number;
  readonly signal: AbortSignal;
  readonly delivery: Delivery;
}

export interface HandlerSetup {
  readonly topics: readonly string[];
  readonly patterns?: readonly RegExp[];
  readonly handle: (record: Taken) => unknown;
  readonly handler?: Partial<HandlerOptions>;
  readonly classify?: (error: unknown) => Verdict;
}

export interface GroupSetup extends HandlerSetup {
  readonly groupId: string;
  /** Further handlers of the group. */
  readonly others?: readonly HandlerSetup[];
  readonly brokers?: readonly string[];
  /** Wait with `start` until the first round has ended. @default true */
  readonly awaitAssignment?: boolean;
  /** Keeps no list of what was started and finished: for a million records. */
  readonly forgetful?: boolean;
  /** Beside the brokers. */
  readonly client?: Partial<Extract<KafkajsWireConfig['client'], object>>;
  readonly options?: Partial<GroupOptions>;
  readonly hooks?: Partial<GroupHooks>;
  readonly listener?: GroupListener;
}

const OPTIONS: Omit<GroupOptions, 'groupId'> = {
  connection: 'default',
  concurrency: 100,
  members: 1,
  buffer: { recordsPerPartition: 5000, bytes: 64 * 1024 * 1024 },
  commit: { strategy: 'auto', intervalMs: 100, records: 1000, offsetMap: true },
  rebalance: { protocol: 'cooperative', assignment: 'sticky', drainTimeoutMs: 30_000 },
  fromBeginning: true,
  isolation: 'read_committed',
  fetch: { minBytes: 1, maxBytes: 10_485_760, maxBytesPerPartition: 1_048_576, maxWaitMs: 100 },
  sessionTimeoutMs: 10_000,
  heartbeatIntervalMs: 300,
  rebalanceTimeoutMs: 30_000,
  metadataMaxAgeMs: 300_000,
  missingTopics: 'throw',
};
const HANDLER: HandlerOptions = {
  ordering: 'key',
  concurrency: Infinity,
  retry: { retries: 0, delayMs: () => 50, retryable: () => true },
  onExhausted: 'hold',
  maxHeldPerPartition: 1000,
  timeoutMs: null,
  abortGraceMs: 1000,
  ack: 'auto',
};

/** One process's consumer of a group, its handler in the hands of the test. */
export class GroupUnderTest {
  readonly consumer: GroupConsumer;
  /** Every attempt, in the order of the starts. */
  readonly started: Taken[] = [];
  /** Records whose handler succeeded, in the order of the ends. */
  readonly finished: Taken[] = [];
  readonly lines: string[] = [];
  inFlight = 0;
  mostInFlight = 0;

  constructor(private readonly setup: GroupSetup) {
    const { groupId, hooks, client, others = [], brokers = testBrokers() } = setup;
    const log = this.log();
    const options: GroupOptions = { ...OPTIONS, ...setup.options, groupId };
    this.consumer = createGroupConsumer({
      options,
      handlers: [setup, ...others].map((handler, index) => this.handler(`Test.handle${index}`, handler)),
      wire: kafkajsWire({ client: { ...client, brokers: [...brokers] }, groupId, sessionTimeoutMs: options.sessionTimeoutMs, isolation: options.isolation, log }),
      hooks: { assigned: () => Promise.resolve(), revoked: () => Promise.resolve(), ...hooks },
      log,
    });
    this.consumer.listener = setup.listener ?? null;
  }

  get stats(): GroupStats {
    return this.consumer.stats();
  }
  offsets(taken: readonly Taken[] = this.started): number[] {
    return taken.map(({ offset }) => offset);
  }
  /** What a person reading the log would see of trouble. */
  get complaints(): string[] {
    return this.lines.filter((line) => line.startsWith('warn') || line.startsWith('error'));
  }

  async start(): Promise<this> {
    await this.consumer.connect();
    await this.consumer.start();
    if (this.setup.awaitAssignment !== false) await this.until('it has joined', () => this.stats.rebalanceCount > 0, 30_000);
    return this;
  }

  async stop(timeoutMs = 10_000): Promise<void> {
    await this.consumer.stop(timeoutMs);
  }

  until(what: string, condition: () => boolean | Promise<boolean>, within = 15_000): Promise<unknown> {
    const show = (): unknown => ({ state: this.consumer.state, started: this.started.length, finished: this.finished.length, stats: this.stats, log: this.lines.slice(-12) });
    return eventually(condition, { what, within, show });
  }

  private handler(name: string, { topics, patterns, handle, handler, classify = (error) => ({ kind: 'failed', error }) }: HandlerSetup): TopicHandler {
    return { name, topics, patterns, options: { ...HANDLER, ...handler }, invoke: (delivery) => this.invoke(delivery, handle), classify };
  }

  private async invoke(delivery: Delivery, handle: HandlerSetup['handle']): Promise<unknown> {
    const { chunk, index } = delivery;
    const taken: Taken = {
      topic: delivery.topic,
      partition: delivery.partition,
      offset: delivery.offset,
      key: chunk.key(index)?.toString() ?? null,
      value: chunk.value(index)?.toString() ?? null,
      attempt: delivery.attempt,
      signal: delivery.signal,
      delivery,
    };
    if (this.setup.forgetful !== true) this.started.push(taken);
    this.mostInFlight = Math.max(this.mostInFlight, ++this.inFlight);
    try {
      const result = await handle(taken);
      if (this.setup.forgetful !== true) this.finished.push(taken);
      return result;
    } finally {
      this.inFlight--;
    }
  }

  private log(): GroupLog {
    const line = (level: string) => (message: string, error?: unknown) => void this.lines.push(`${level} ${message}${error === undefined ? '' : ` ${String(error)}`}`);
    return { info: line('info'), warn: line('warn'), error: line('error'), debug: line('debug') };
  }
}

/** Runs a test with a consumer that is stopped however the test ends. */
export async function withGroup<T>(setup: GroupSetup, work: (group: GroupUnderTest) => Promise<T>): Promise<T> {
  const group = new GroupUnderTest(setup);
  try {
    await group.start();
    return await work(group);
  } finally {
    await group.stop(500);
  }
}

/** Consumers of a test that are stopped however it ends. */
export class Groups {
  private readonly started: GroupUnderTest[] = [];

  start(setup: GroupSetup): Promise<GroupUnderTest> {
    return this.create(setup).start();
  }
  /** For a test that does something before the start. */
  create(setup: GroupSetup): GroupUnderTest {
    const group = new GroupUnderTest(setup);
    this.started.push(group);
    return group;
  }
  async stopAll(): Promise<void> {
    await Promise.all(this.started.splice(0).map((group) => group.stop(100)));
  }
}

/** Handlers wait here until the test lets them go. */
export class Gate {
  private waiting: (() => void)[] = [];
  private isOpen = false;

  get waiters(): number {
    return this.waiting.length;
  }
  pass(): Promise<void> {
    return this.isOpen ? Promise.resolve() : new Promise((resolve) => this.waiting.push(resolve));
  }
  open(): void {
    this.isOpen = true;
    for (const resolve of this.waiting.splice(0)) resolve();
  }
}

/** What the broker has as the group's commit; offset −1 where it has none. */
export async function committed(groupId: string, topic: string): Promise<{ partition: number; offset: number; metadata: string }[]> {
  return withAdmin(async (admin) => {
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] });
    return found.partitions
      .map(({ partition, offset, metadata }) => ({ partition, offset: Number(offset), metadata: metadata ?? '' }))
      .sort((a, b) => a.partition - b.partition);
  });
}

export async function committedOffset(groupId: string, topic: string, partition = 0): Promise<number> {
  const found = (await committed(groupId, topic)).find((commit) => commit.partition === partition);
  return found?.offset ?? -1;
}

/** How many records above the committed offset the commit's map says are complete. */
export async function completedAhead(groupId: string, topic: string, partition = 0): Promise<number> {
  const found = (await committed(groupId, topic)).find((commit) => commit.partition === partition);
  return found === undefined ? 0 : decodeOffsetMap(found.offset, found.metadata, zlibCompression).completed.countFrom(found.offset);
}

/** `count` records, keyed `k<i>` or as told, with their number as value. */
export function records(count: number, key: (index: number) => string | null = (index) => `k${index}`): { key: string | null; value: string }[] {
  return Array.from({ length: count }, (_, index) => ({ key: key(index), value: String(index) }));
}
