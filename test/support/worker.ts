import type { GroupOptions } from '../../lib/consumer/options.js';
import type { HandlerOptions } from '../../lib/engine/handler.js';
import { GroupUnderTest, type Taken } from './group-under-test.js';
import { Ledger } from './ledger.js';
import { seeded } from './random.js';

/** What a worker process is told, as JSON in its environment. */
export interface WorkerConfig {
  readonly brokers: readonly string[];
  readonly ledger: string;
  readonly groupId: string;
  readonly topics: readonly string[];
  /** How long handlers take, at least and at most, in milliseconds. */
  readonly workMs: readonly [number, number];
  /** Offsets whose handlers fail, and whose handlers never end, in any partition. */
  readonly failing?: readonly number[];
  readonly hanging?: readonly number[];
  /** Once so many handlers run, partition 0 of the first topic is sought to `offset`, and the process is killed at the moment at which that has resolved. */
  readonly seek?: { readonly inFlight: number; readonly offset: number };
  readonly options?: Partial<GroupOptions>;
  readonly handler?: Partial<HandlerOptions>;
}

const config = JSON.parse(process.env['WORKER'] ?? '') as WorkerConfig;
const ledger = new Ledger(config.ledger);
const random = seeded(process.pid);

async function handle({ partition, offset, key, attempt }: Taken): Promise<void> {
  ledger.write({ event: 'start', partition, offset, key, attempt });
  if (config.hanging?.includes(offset) === true) await new Promise(() => undefined);
  const [least, most] = config.workMs;
  if (most > 0) await new Promise((resolve) => setTimeout(resolve, least + random() * (most - least)));
  if (config.failing?.includes(offset) === true) throw new Error('not today');
  ledger.write({ event: 'end', partition, offset, key, attempt });
}

const group = new GroupUnderTest({
  ...config,
  handle,
  hooks: {
    async assigned(partitions) {
      for (const { partition, offset } of partitions) ledger.write({ event: 'assigned', partition, offset });
    },
    async revoked(partitions, reason) {
      for (const { partition } of partitions) ledger.write({ event: 'revoked', partition, text: reason });
    },
  },
  listener: {
    committed(offsets) {
      for (const { partition, offset } of offsets) ledger.write({ event: 'commit', partition, offset });
    },
  },
});

process.once('SIGTERM', () => {
  void group.stop(20_000).then(() => {
    for (const text of group.complaints) ledger.write({ event: 'complaint', text });
    ledger.write({ event: 'stopped' });
    process.exit(0);
  });
});

await group.start();
ledger.write({ event: 'ready' });

if (config.seek !== undefined) {
  const { inFlight, offset } = config.seek;
  await group.until(`${inFlight} are in flight`, () => group.inFlight === inFlight);
  ledger.write({ event: 'seek', partition: 0, offset });
  await group.consumer.seek({ topic: config.topics[0], partition: 0, offset });
  ledger.write({ event: 'sought', partition: 0, offset });
  process.kill(process.pid, 'SIGKILL');
}
