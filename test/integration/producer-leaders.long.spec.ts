import { type Admin, Kafka } from 'kafkajs';
import { javaToolchain } from '../../scripts/kafka/kafka-install.js';
import { startJavaCluster } from '../../scripts/kafka/java-cluster.js';
import type { KafkaCluster } from '../../scripts/kafka/kafka-cluster.js';
import { KafkaProducerService } from '../../lib/index.js';
import { eventually, testKafka, unique } from '../support/kafka.js';
import { withApp } from '../support/nest-app.js';
import { type ReadRecord, readTopic, valuesOf } from '../support/read-topic.js';

jest.setTimeout(120_000);

const PARTITIONS = [0, 1, 2];
const CALLERS = 12;
/** Sends of a caller that are under way at the same time, to each of the partitions. */
const AT_ONCE = 2;

interface Sent {
  readonly partition: number;
  readonly offset: number;
  readonly value: string;
}

/** Callers that send numbered records to every partition until they are stopped, and what was acknowledged. */
class Callers {
  readonly acknowledged: Sent[] = [];
  private isOver = false;
  private readonly running: Promise<unknown>;

  constructor(
    private readonly producer: KafkaProducerService,
    private readonly topic: string,
  ) {
    this.running = Promise.all(Array.from({ length: CALLERS }, (_, caller) => Promise.all(PARTITIONS.map((partition) => this.run(caller, partition)))));
    // Whoever stops them is told.
    this.running.catch(() => undefined);
  }

  countOf(partition: number): number {
    return this.acknowledged.filter((sent) => sent.partition === partition).length;
  }
  async untilGoesOn(what: string): Promise<void> {
    const before = PARTITIONS.map((partition) => this.countOf(partition));
    await eventually(() => PARTITIONS.every((partition) => this.countOf(partition) > (before[partition] ?? 0) + CALLERS * AT_ONCE), { what, within: 30_000, show: () => this.acknowledged.length });
  }
  async stop(): Promise<void> {
    this.isOver = true;
    await this.running;
  }

  private async run(caller: number, partition: number): Promise<void> {
    for (let next = 0; !this.isOver; next += AT_ONCE) {
      await Promise.all(
        Array.from({ length: AT_ONCE }, async (_, step) => {
          const value = `${caller}:${next + step}`;
          const [metadata] = await this.producer.send(this.topic, { value, partition });
          this.acknowledged.push({ partition, offset: Number(metadata?.baseOffset), value });
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  }
}

describe('three brokers whose leaders move', () => {
  let cluster: KafkaCluster;
  let admin: Admin;
  beforeAll(async () => {
    const toolchain = await javaToolchain();
    if (typeof toolchain === 'string') throw new Error(`This spec kills brokers of its own, and none can be started: ${toolchain}`);
    // Leaders go back to the brokers that are named first as soon as those are in sync again.
    const config = { 'broker.session.timeout.ms': '4000', 'leader.imbalance.check.interval.seconds': '1', 'leader.imbalance.per.broker.percentage': '0' };
    cluster = await startJavaCluster(toolchain.java, { brokers: 3, heapMb: 320, config });
    admin = kafkaOf(cluster).admin();
    await admin.connect();
  });
  afterAll(async () => {
    await (admin as Admin | undefined)?.disconnect();
    await (cluster as KafkaCluster | undefined)?.stop();
  });

  test('away, back again, and because a broker is killed: every record of concurrent callers is acknowledged and in the log once, in order', async () => {
    const topic = unique('leaders');
    const replicasOf = (partition: number): number[] => [0, 1, 2].map((step) => ((partition + step) % 3) + 1);
    await admin.createTopics({ topics: [{ topic, replicaAssignment: PARTITIONS.map((partition) => ({ partition, replicas: replicasOf(partition) })) }], waitForLeaders: false });
    await leaders(admin, topic, 'the topic can be used', ([first]) => first === 1);

    const client = { brokers: cluster.brokers, requestTimeout: 3000 };
    await withApp({ options: { consumer: undefined, client, codec: 'string' } }, async ({ app }) => {
      const callers = new Callers(app.get(KafkaProducerService), topic);
      await callers.untilGoesOn('records are sent');

      await reassign(admin, topic, 1, [3, 1]);
      await leaders(admin, topic, 'the leader of partition 1 has moved', ([, second]) => second === 3 || second === 1);
      await callers.untilGoesOn('sending goes on after the reassignment');

      await reassign(admin, topic, 1, replicasOf(1));
      await leaders(admin, topic, 'the leader of partition 1 is back', ([, second]) => second === 2);
      await callers.untilGoesOn('sending goes on with the leader that is back');

      await cluster.kill(1);
      await leaders(admin, topic, 'another broker leads partition 0', ([first]) => first === 2 || first === 3);
      await callers.untilGoesOn('sending goes on without the killed broker');
      await callers.stop();

      judge(callers.acknowledged, await readTopic(topic, kafkaOf(cluster)));
    });
  });
});

function kafkaOf(cluster: KafkaCluster): Kafka {
  return new Kafka(testKafka({ brokers: cluster.brokers, requestTimeout: 3000, retry: { initialRetryTime: 100, maxRetryTime: 1000, retries: 20 } }));
}

function reassign(admin: Admin, topic: string, partition: number, replicas: number[]): Promise<void> {
  return admin.alterPartitionReassignments({ topics: [{ topic, partitionAssignment: [{ partition, replicas }] }] });
}

/** Waits until the leaders of the partitions, in their order, are as asked. */
async function leaders(admin: Admin, topic: string, what: string, condition: (leaders: number[]) => boolean): Promise<void> {
  const look = async (): Promise<boolean> => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const list = (topics[0]?.partitions ?? []).toSorted((a, b) => a.partitionId - b.partitionId).map(({ leader }) => leader);
    return list.length === PARTITIONS.length && condition(list);
  };
  await eventually(look, { what, within: 40_000, every: 100 });
}

function judge(acknowledged: readonly Sent[], log: readonly ReadRecord[]): void {
  expect(log.length).toBe(acknowledged.length);
  for (const partition of PARTITIONS) {
    const values = valuesOf(log, partition);
    const misplaced = acknowledged.filter((sent) => sent.partition === partition && values[sent.offset] !== sent.value);
    expect(misplaced).toEqual([]);
    for (let caller = 0; caller < CALLERS; caller++) {
      const own = values.filter((value) => value?.startsWith(`${caller}:`));
      expect(own).toEqual(own.map((_, index) => `${caller}:${index}`));
    }
  }
}
