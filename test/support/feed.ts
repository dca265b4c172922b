import { setTimeout as delay } from 'node:timers/promises';
import { Kafka } from 'kafkajs';
import { testKafka } from './kafka.js';

/** A steady stream of records into all partitions of a topic, keyed `k0` to `k<keys - 1>` per partition, until it is stopped. */
export class Feed {
  private readonly producer = new Kafka(testKafka()).producer({ allowAutoTopicCreation: false });
  private readonly stopping = new AbortController();
  private readonly sent = new Map<string, number>();
  private running: Promise<void> | null = null;
  private count = 0;

  constructor(
    private readonly topics: readonly { readonly topic: string; readonly partitions: number }[],
    /** Over all partitions. */
    private readonly perSecond: number,
    private readonly keys = 20,
  ) {}

  /** `topic/partition@offset` of everything that the broker has acknowledged. */
  get records(): string[] {
    return [...this.sent].flatMap(([name, count]) => Array.from({ length: count }, (_, offset) => `${name}@${offset}`));
  }

  async start(): Promise<this> {
    await this.producer.connect();
    this.running = this.run();
    return this;
  }

  /** Everything that was sent is acknowledged then. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.running;
    await this.producer.disconnect();
  }

  private async run(): Promise<void> {
    const partitions = this.topics.flatMap(({ topic, partitions: count }) => Array.from({ length: count }, (_, partition) => ({ topic, partition })));
    const everyMs = 100;
    const each = Math.max(1, Math.round((this.perSecond * everyMs) / 1000 / partitions.length));
    while (!this.stopping.signal.aborted) {
      await Promise.all([delay(everyMs), ...partitions.map((one) => this.send(one, each))]);
    }
  }

  private async send({ topic, partition }: { topic: string; partition: number }, records: number): Promise<void> {
    const messages = Array.from({ length: records }, () => ({ key: `k${this.count++ % this.keys}`, value: 'x', partition }));
    const [acknowledged] = await this.producer.send({ topic, acks: -1, messages });
    if (acknowledged?.errorCode !== 0) throw new Error(`${topic}/${partition} was not acknowledged`);
    const name = `${topic}/${partition}`;
    this.sent.set(name, (this.sent.get(name) ?? 0) + records);
  }
}
