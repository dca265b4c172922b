import { Kafka, type Producer } from 'kafkajs';
import type { KafkaCluster } from '../../scripts/kafka/kafka-cluster.js';
import { javaToolchain } from '../../scripts/kafka/kafka-install.js';
import { startJavaCluster } from '../../scripts/kafka/java-cluster.js';
import { eventually, testKafka, unique } from '../support/kafka.js';
import { Groups, type GroupUnderTest } from '../support/group-under-test.js';

jest.setTimeout(180_000);

const PARTITIONS = [0, 1, 2];

/** Sends to each partition by itself, and counts only what was acknowledged: the ledger of what must not be lost. */
class Feeder {
  readonly acknowledged = new Set<string>();
  private isOver = false;
  private next = 0;
  private running: Promise<void> | null = null;

  constructor(
    private readonly producer: Producer,
    private readonly topic: string,
  ) {}

  start(): void {
    this.running = this.run();
  }
  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async run(): Promise<void> {
    while (!this.isOver) {
      const value = String(this.next++);
      await Promise.all(
        PARTITIONS.map(async (partition) => {
          try {
            const [answer] = await this.producer.send({ topic: this.topic, acks: -1, messages: [{ key: `k${value}`, value, partition }] });
            if (answer?.errorCode === 0) this.acknowledged.add(`${partition} ${value}`);
          } catch {
            // Not acknowledged: it may be there or not.
          }
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

describe('three brokers', () => {
  let cluster: KafkaCluster;
  const groups = new Groups();
  beforeAll(async () => {
    const toolchain = await javaToolchain();
    if (typeof toolchain === 'string') throw new Error(`This spec kills brokers of its own, and none can be started: ${toolchain}`);
    cluster = await startJavaCluster(toolchain.java, { brokers: 3, heapMb: 320 });
  }, 120_000);
  afterAll(() => (cluster as KafkaCluster | undefined)?.stop());
  afterEach(() => groups.stopAll());

  it('of which the one that leads a partition and coordinates the group is killed: consuming again within 15 s, nothing lost, no rebalance, nothing repeated', async () => {
    const kafka = new Kafka(testKafka({ brokers: cluster.brokers, retry: { initialRetryTime: 100, retries: 3 } }));
    const [admin, producer] = [kafka.admin(), kafka.producer({ allowAutoTopicCreation: false })];
    await admin.connect();
    await producer.connect();
    const [topic, groupId] = [unique('failover'), unique('group')];
    // One partition for each broker.
    await admin.createTopics({ topics: [{ topic, replicaAssignment: PARTITIONS.map((partition) => ({ partition, replicas: [0, 1, 2].map((step) => ((partition + step) % 3) + 1) })) }], waitForLeaders: true });
    await eventually(async () => (await admin.fetchTopicOffsets(topic)).length === 3, { what: 'the topic can be used' });
    const options = { sessionTimeoutMs: 15_000, heartbeatIntervalMs: 500, rebalanceTimeoutMs: 20_000 };
    const group = await groups.start({ groupId, topics: [topic], brokers: cluster.brokers, options, handle: () => new Promise((resolve) => setTimeout(resolve, 10)) });
    const feeder = new Feeder(producer, topic);
    feeder.start();
    for (const partition of PARTITIONS) await group.until(`partition ${partition} is consumed`, () => countOf(group, partition) > 20);

    const coordinator = await coordinatorOf(cluster, groupId);
    const killedAt = performance.now();
    await cluster.kill(coordinator);
    const led = PARTITIONS.find((partition) => partition + 1 === coordinator) ?? -1;
    const before = countOf(group, led);
    await group.until('the killed broker\'s partition is consumed again', () => countOf(group, led) > before + 10, 30_000);
    const backAfterMs = performance.now() - killedAt;
    const committedBefore = group.stats.committedCount;
    await group.until('commits are taken again', () => group.stats.committedCount > committedBefore + 10, 30_000);
    expect(performance.now() - killedAt).toBeLessThan(20_000);
    expect(backAfterMs).toBeLessThan(15_000);

    await cluster.start(coordinator);
    await feeder.stop();
    const delivered = (): Set<string> => new Set(group.finished.map(({ partition, value }) => `${partition} ${value}`));
    await group.until('every acknowledged record is done', () => [...feeder.acknowledged].every((record) => delivered().has(record)), 30_000);
    expect(new Set(group.started.map(({ partition, offset }) => `${partition}@${offset}`)).size).toBe(group.started.length);
    expect(group.stats.rebalanceCount).toBe(1);
    await producer.disconnect();
    await admin.disconnect();
  });
});

function countOf(group: GroupUnderTest, partition: number): number {
  return group.finished.filter((record) => record.partition === partition).length;
}

/** The node that coordinates the group. */
async function coordinatorOf(cluster: KafkaCluster, groupId: string): Promise<number> {
  const admin = new Kafka(testKafka({ brokers: cluster.brokers })).admin();
  await admin.connect();
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: ['__consumer_offsets'] });
    const { partitions } = topics[0];
    const leader = partitions.find(({ partitionId }) => partitionId === javaHash(groupId) % partitions.length)?.leader;
    if (leader === undefined) throw new Error(`Nobody leads the offsets of ${groupId}`);
    return leader;
  } finally {
    await admin.disconnect();
  }
}

/** Kafka puts a group's offsets into the partition `abs(hashCode) mod partitions`. */
function javaHash(text: string): number {
  let hash = 0;
  for (let index = 0; index < text.length; index++) hash = (31 * hash + text.charCodeAt(index)) | 0;
  return hash & 0x7fffffff;
}
