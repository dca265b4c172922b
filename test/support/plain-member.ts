import { type Consumer, Kafka } from 'kafkajs';
import { testKafka } from './kafka.js';

/** A member of the same group in an application that uses kafkajs itself, handlers one after the other, a commit after each batch. */
export class PlainMember {
  /** `topic/partition@offset`, in the order of the starts. */
  readonly started: string[] = [];
  /** What it consumes now. */
  partitions: string[] = [];
  private readonly consumer: Consumer;

  constructor(groupId: string) {
    this.consumer = new Kafka(testKafka()).consumer({ groupId, sessionTimeout: 10_000, heartbeatInterval: 200, rebalanceTimeout: 20_000, maxWaitTimeInMs: 100 });
    this.consumer.on(this.consumer.events.GROUP_JOIN, ({ payload }) => {
      this.partitions = Object.entries(payload.memberAssignment).flatMap(([topic, partitions]) => partitions.map((partition) => `${topic}/${partition}`));
    });
  }

  async start(topic: string): Promise<this> {
    await this.consumer.connect();
    await this.consumer.subscribe({ topic, fromBeginning: true });
    await this.consumer.run({
      eachMessage: async ({ topic: from, partition, message }) => {
        this.started.push(`${from}/${partition}@${message.offset}`);
      },
    });
    return this;
  }
  async stop(): Promise<void> {
    this.partitions = [];
    await this.consumer.disconnect();
  }
}
