import { createGroupConsumer } from '../../lib/consumer/create-group-consumer.js';
import type { GroupOptions } from '../../lib/consumer/options.js';
import { kafkajsWire } from '../../lib/kafkajs/kafkajs-wire.js';
import type { RunSettings } from '../run-settings.js';
import type { Contender } from './contender.js';
import { silent } from './silent-log.js';
import type { Work } from './work.js';

/** Our consumer below its Nest half: the difference to `ours` is what the Nest half costs. */
export const withoutNest: Contender = (settings, work) => consume(settings, work);
export const withoutNestJson: Contender = (settings, work) => consume(settings, (value) => work(value === null ? null : JSON.parse(String(value))));

async function consume({ brokers, groupId, topic, concurrency }: RunSettings, work: Work): Promise<void> {
  const options = groupOptions(groupId, concurrency);
  const consumer = createGroupConsumer({
    options,
    handlers: [
      {
        name: 'bench',
        topics: [topic],
        options: {
          ordering: 'key',
          concurrency: Infinity,
          retry: { retries: 3, delayMs: () => 100, retryable: () => true },
          onExhausted: 'hold',
          maxHeldPerPartition: 1_000,
          timeoutMs: null,
          abortGraceMs: 5_000,
          ack: 'auto',
        },
        invoke: (delivery) => work(delivery.chunk.value(delivery.index)),
        classify: (error) => ({ kind: 'failed', error }),
      },
    ],
    wire: kafkajsWire({ client: { clientId: 'bench', brokers: [...brokers] }, groupId, sessionTimeoutMs: options.sessionTimeoutMs, log: silent }),
    hooks: { assigned: () => Promise.resolve(), revoked: () => Promise.resolve() },
    log: silent,
  });
  await consumer.connect();
  await consumer.start();
}

function groupOptions(groupId: string, concurrency: number): GroupOptions {
  return {
    connection: 'default',
    groupId,
    concurrency,
    members: 1,
    buffer: { recordsPerPartition: 5_000, bytes: 64 * 1024 * 1024 },
    commit: { strategy: 'auto', intervalMs: 500, records: 1_000, offsetMap: true },
    rebalance: { protocol: 'eager', assignment: 'sticky', drainTimeoutMs: 30_000 },
    fromBeginning: true,
    isolation: 'read_committed',
    fetch: { minBytes: 1, maxBytes: 10_485_760, maxBytesPerPartition: 1_048_576, maxWaitMs: 250 },
    sessionTimeoutMs: 15_000,
    heartbeatIntervalMs: 1_000,
    rebalanceTimeoutMs: 60_000,
    metadataMaxAgeMs: 300_000,
    missingTopics: 'throw',
  };
}
