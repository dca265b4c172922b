import { type Consumer, type ConsumerRunConfig, type EachBatchPayload, Kafka, logLevel } from 'kafkajs';
import type { RunSettings } from '../run-settings.js';
import type { Contender } from './contender.js';
import type { Work } from './work.js';

const PARTITIONS = 2;

/** One record after the other, as kafkajs's documentation begins. */
export const eachMessage: Contender = (settings, work) =>
  consume(settings, { eachMessage: async ({ message }) => void (await work(message.value)) });

/** The usual way to concurrency: a batch at once, behind a semaphore. Knows no order, and waits for the slowest of each batch. */
export const batchSemaphore: Contender = (settings, work) => {
  const slots = new Semaphore(settings.concurrency);
  return consume(settings, {
    eachBatch: async (payload) => {
      const running: Promise<void>[] = [];
      for (const { value } of payload.batch.messages) {
        await slots.acquire();
        running.push(Promise.resolve(work(value)).then(() => slots.release()));
      }
      await Promise.all(running);
      await commit(payload);
    },
  });
};

/** Never commits: what kafkajs's consumer allows at most. */
export const noCommit: Contender = (settings, work) => consume(settings, { autoCommit: false, eachBatch: async ({ batch }) => handleAll(batch, work) });

export const batchJson: Contender = (settings, work) =>
  consume(settings, { eachBatch: async ({ batch }) => handleAll(batch, (value) => work(JSON.parse(String(value)))) });

async function consume({ brokers, groupId, topic }: RunSettings, run: ConsumerRunConfig): Promise<void> {
  const consumer: Consumer = new Kafka({ clientId: 'bench', brokers: [...brokers], logLevel: logLevel.ERROR }).consumer({ groupId });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  await consumer.run({ partitionsConsumedConcurrently: PARTITIONS, ...run });
}

function handleAll({ messages }: EachBatchPayload['batch'], work: Work): void {
  for (const { value } of messages) work(value);
}

async function commit({ batch, resolveOffset, commitOffsetsIfNecessary, uncommittedOffsets, heartbeat }: EachBatchPayload): Promise<void> {
  resolveOffset(batch.lastOffset());
  await commitOffsetsIfNecessary(uncommittedOffsets());
  await heartbeat();
}

class Semaphore {
  private readonly waiting: (() => void)[] = [];
  constructor(private free: number) {}

  acquire(): Promise<void> | void {
    if (this.free === 0) return new Promise((resolve) => this.waiting.push(resolve));
    this.free--;
  }
  release(): void {
    const next = this.waiting.shift();
    if (next) next();
    else this.free++;
  }
}
