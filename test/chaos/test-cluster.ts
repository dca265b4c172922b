import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type PartitionMetadata } from 'kafkajs';
import type { ClusterSize, KafkaCluster } from '../../scripts/kafka/kafka-cluster.js';
import { startKafka, startOwnKafka } from '../../scripts/kafka/start-kafka.js';
import type { Ledger } from '../support/ledger.js';
import { groupPartition, OFFSETS_TOPIC } from './commit-log.js';
import { STRIKES_BROKERS } from './fault-names.js';
import type { ChaosSettings } from './settings.js';

const WITHIN_MS = 90_000;

/** Kafka's own default; the test brokers' shorter one would flatter what recovers from a dead broker. */
const CONFIG = { 'broker.session.timeout.ms': '9000', 'broker.heartbeat.interval.ms': '2000' };

/** The brokers of a run, one topic of theirs, and one group. */
export class TestCluster {
  private constructor(
    private readonly cluster: KafkaCluster,
    private readonly admin: Admin,
    private readonly ledger: Ledger,
    readonly size: ClusterSize,
    readonly topic: string,
    readonly groupId: string,
  ) {}

  static async start({ brokers: size, partitions, faults }: ChaosSettings, name: string, ledger: Ledger): Promise<TestCluster> {
    const start = faults.some((fault) => STRIKES_BROKERS.has(fault)) ? startOwnKafka : startKafka;
    const cluster = await start({ brokers: size, config: CONFIG });
    const kafka = new kafkajs.Kafka({ brokers: cluster.brokers, logLevel: kafkajs.logLevel.NOTHING, requestTimeout: 5_000, retry: { initialRetryTime: 100, maxRetryTime: 1_000, retries: 20 } });
    const admin = kafka.admin();
    try {
      await admin.connect();
      // Waiting for leaders is ours: kafkajs takes a broker that has not heard of the topic yet for a failure.
      await admin.createTopics({ topics: [{ topic: name, numPartitions: partitions }], waitForLeaders: false });
      const started = new TestCluster(cluster, admin, ledger, size, name, `group-${name}`);
      await started.until('The topic has leaders', ({ leader }) => leader >= 0, [name]);
      return started;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  get brokers(): readonly string[] {
    return this.cluster.brokers;
  }

  /** Node id. */
  async coordinator(): Promise<number> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [OFFSETS_TOPIC] });
    const { partitions } = topics[0];
    const number = groupPartition(this.groupId, partitions.length);
    return partitions.find(({ partitionId }) => partitionId === number)?.leader ?? 1;
  }

  async kill(node: number): Promise<void> {
    await this.cluster.kill(node);
    this.note(`broker ${node} killed`);
  }
  async start(node: number): Promise<void> {
    await this.cluster.start(node);
    this.note(`broker ${node} back`);
  }
  async freeze(node: number): Promise<void> {
    await this.cluster.pause(node);
    this.note(`broker ${node} frozen`);
  }
  async thaw(node: number): Promise<void> {
    await this.cluster.resume(node);
    this.note(`broker ${node} thawed`);
  }
  async killAll(): Promise<void> {
    await Promise.all(this.cluster.brokers.map((_, index) => this.cluster.kill(index + 1)));
    this.note('brokers killed');
  }
  async startAll(): Promise<void> {
    await Promise.all(this.cluster.brokers.map((_, index) => this.cluster.start(index + 1)));
    this.note('brokers back');
    await this.usable();
    this.note('brokers usable');
  }

  /** Every replica has what its leader has: the next broker may be killed. */
  async inSync(): Promise<void> {
    await this.until('The replicas are in sync', ({ isr, replicas, leader }) => leader >= 0 && isr.length === replicas.length);
  }

  /** Every partition has a leader, and the group its coordinator. */
  private async usable(): Promise<void> {
    await this.until('The partitions have leaders', ({ leader }) => leader >= 0);
    while ((await this.committed().catch(() => null)) === null) await delay(100);
  }

  private async until(what: string, condition: (partition: PartitionMetadata) => boolean, topics = [this.topic, OFFSETS_TOPIC]): Promise<void> {
    const deadline = performance.now() + WITHIN_MS;
    for (;;) {
      const metadata = await this.admin.fetchTopicMetadata({ topics }).catch(() => null);
      if (metadata?.topics.every(({ partitions }) => partitions.every(condition)) === true) return;
      if (performance.now() > deadline) throw new Error(`Not within ${WITHIN_MS} ms: ${what}`);
      await delay(100);
    }
  }

  /** Per partition: the log's end. */
  async ends(): Promise<number[]> {
    const offsets = await this.admin.fetchTopicOffsets(this.topic);
    return byPartition(offsets.map(({ partition, high }) => [partition, Number(high)]));
  }
  /** Per partition: what the group has committed, −1 for nothing. */
  async committed(): Promise<number[]> {
    const [{ partitions }] = await this.admin.fetchOffsets({ groupId: this.groupId, topics: [this.topic] });
    return byPartition(partitions.map(({ partition, offset }) => [partition, Number(offset)]));
  }

  async stop(): Promise<void> {
    await this.admin.disconnect();
    await this.cluster.stop();
  }

  private note(text: string): void {
    this.ledger.write({ event: 'fault', text });
  }
}

function byPartition(pairs: readonly (readonly [number, number])[]): number[] {
  return pairs.toSorted(([a], [b]) => a - b).map(([, value]) => value);
}
