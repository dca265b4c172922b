import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Producer } from 'kafkajs';
import type { Ledger } from '../support/ledger.js';

const EVERY_MS = 250;

export interface FeedSettings {
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly partitions: number;
  readonly perSecond: number;
  /** Per partition. */
  readonly keys: number;
  /** Over all partitions; then it stops by itself. */
  readonly records: number;
}

/**
 * Writes to every partition until it is stopped, whatever happens to the brokers, and notes what they have acknowledged. A batch
 * that was not acknowledged is sent again, so that the log may have it twice.
 */
export class Feed {
  private readonly stopping = new AbortController();
  private readonly producer: Producer;
  private acknowledged = 0;
  private isAbandoned = false;
  private running: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly settings: FeedSettings,
    private readonly ledger: Ledger,
  ) {
    const { brokers } = settings;
    const kafka = new kafkajs.Kafka({ clientId: 'feed', brokers: [...brokers], logLevel: kafkajs.logLevel.NOTHING, requestTimeout: 3_000, retry: { initialRetryTime: 100, maxRetryTime: 500, retries: 3 } });
    this.producer = kafka.producer({ allowAutoTopicCreation: false, metadataMaxAge: 5_000 });
  }

  get count(): number {
    return this.acknowledged;
  }
  get isOver(): boolean {
    return this.stopping.signal.aborted || this.acknowledged >= this.settings.records;
  }

  async start(): Promise<void> {
    await this.producer.connect();
    const { partitions } = this.settings;
    this.running = Promise.all(Array.from({ length: partitions }, (_, partition) => this.feed(partition)));
  }

  /** All that was sent is acknowledged then. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.producer.disconnect();
  }

  /** Whatever is under way. */
  async abandon(): Promise<void> {
    this.stopping.abort();
    this.isAbandoned = true;
    await this.producer.disconnect();
    await this.running;
  }

  private async feed(partition: number): Promise<void> {
    const { partitions, perSecond } = this.settings;
    const began = performance.now();
    let made = 0;
    while (!this.isOver) {
      const due = Math.floor((((performance.now() - began) / 1_000) * perSecond) / partitions) + 1;
      // After an outage not everything at once.
      const count = Math.min(due - made, Math.ceil((4 * perSecond * EVERY_MS) / 1_000 / partitions));
      if (count > 0) {
        await this.send(partition, made, count);
        made += count;
      }
      await delay(EVERY_MS);
    }
  }

  private async send(partition: number, first: number, count: number): Promise<void> {
    const { topic, keys } = this.settings;
    const messages = Array.from({ length: count }, (_, index) => ({ partition, key: `k${(first + index) % keys}`, value: String(first + index) }));
    while (!this.isAbandoned) {
      try {
        // One partition for each send: kafkajs loses what some of several leaders have refused.
        const [reply] = await this.producer.send({ topic, acks: -1, messages });
        if (reply?.errorCode === 0 && reply.baseOffset !== undefined) {
          this.ledger.write({ event: 'sent', partition, offset: Number(reply.baseOffset), value: first, count });
          this.acknowledged += count;
          return;
        }
      } catch {
        // It may be in the log all the same.
      }
      await delay(100);
    }
  }
}
