import type { Admin, Message } from 'kafkajs';
import { clientOf } from '../kafkajs/client.js';
import type { CoordinatorKind } from './broker/cluster.js';
import { EmbeddedCluster } from './broker/embedded-cluster.js';
import type { Fault } from './broker/faults/fault.js';
import { type FaultOptions, type FaultState, InjectedFault } from './broker/faults/injected-fault.js';
import type { RecordedRequest } from './broker/faults/request-history.js';
import type { Node } from './broker/nodes.js';
import type { Topic } from './broker/topics/topic.js';
import { missingCommits, missingWork } from './missing-commits.js';
import { appendTo, recordsOf, type StoredRecord } from './stored-records.js';
import { waitFor, type WaitOptions } from './wait-for.js';

export interface EmbeddedKafkaOptions {
  /** Topics that are there from the start. Without `partitions` they have one. */
  topics?: { name: string; partitions?: number }[];
  /** Virtual brokers, each with a port of its own; leaders and coordinators are spread over them. @default 1 */
  brokers?: number;
  /** Whether a topic that a client asks for comes into being, with one partition. @default false */
  autoCreateTopics?: boolean;
  /** Port of the first broker; the others have those above it. @default any that are free */
  port?: number;
}

/**
 * A Kafka broker in this process, over TCP, for tests and demos: no Docker, no JVM. Any Kafka client can connect.
 * It keeps everything in memory, replicates nothing, and forgets nothing before `stop()`.
 *
 * @publicApi
 * @example
 * const kafka = await EmbeddedKafka.start({ topics: [{ name: 'orders', partitions: 3 }] });
 * const client = new Kafka({ brokers: kafka.brokers });
 * // …
 * await kafka.stop();
 */
export class EmbeddedKafka {
  private readonly injected = new Map<InjectedFault, () => void>();
  private readonly admins: Admin[] = [];
  private stopped: Promise<void> | null = null;

  private constructor(private readonly embedded: EmbeddedCluster) {}

  /** @throws where a port is taken, or an option has no meaning. */
  static async start(options: EmbeddedKafkaOptions = {}): Promise<EmbeddedKafka> {
    const { topics = [], brokers = 1, autoCreateTopics = false, port = 0 } = options;
    if (!Number.isInteger(brokers) || brokers < 1) throw new Error(`EmbeddedKafka.start: brokers is ${brokers}, and must be a number from 1 on.`);
    const kafka = new EmbeddedKafka(await EmbeddedCluster.start({ brokers, autoCreateTopics }, port));
    try {
      for (const { name, partitions } of topics) await kafka.createTopic(name, partitions);
    } catch (error) {
      await kafka.stop();
      throw error;
    }
    return kafka;
  }

  /** `host:port` of each broker, for `KafkaConfig.brokers`. */
  get brokers(): string[] {
    return this.embedded.cluster.nodes.map(node => node.address);
  }

  /** @throws KafkaError as the broker would answer: a topic of the name exists, or the name cannot be. */
  async createTopic(name: string, partitions = 1): Promise<void> {
    this.embedded.cluster.topics.create({ name, partitions, replicationFactor: -1 });
  }

  /**
   * Writes records straight into the topic; no fault and no stopped broker is in the way. A message without `partition` goes
   * where kafkajs's producer would send it.
   */
  async produce(topic: string, messages: (Message & { partition?: number })[]): Promise<void> {
    appendTo(this.topic(topic), messages, this.embedded.cluster.clock.epochMs());
  }

  /** Every record of a topic, in offset order per partition. Those of open and aborted transactions are among them. */
  records(topic: string): StoredRecord[] {
    return recordsOf(this.topic(topic));
  }

  /** What the group has committed of the topic, in the order of the partitions. */
  committed(groupId: string, topic: string): { partition: number; offset: number; metadata: string }[] {
    return this.embedded.cluster.groups.committed(groupId, topic);
  }

  /**
   * Resolves when the group has committed every record that lies in the topic, those of open transactions aside.
   * @throws Error at the deadline: how far each partition is committed, which record is the next, and who is in the group.
   */
  async whenCommitted(groupId: string, topic: string, options?: WaitOptions): Promise<void> {
    const wanted = this.topic(topic);
    await this.when(`group ${groupId} has committed ${topic} to its end`, () => missingCommits(this.embedded.cluster, groupId, [wanted]), options);
  }

  /**
   * Resolves when each of these groups has members that are not rebalancing, and has committed every topic to which they have
   * subscribed. Without names: every group that has members, and there is one.
   * @throws Error at the deadline, as `whenCommitted` does.
   */
  async whenIdle(groupIds: string | readonly string[] = [], options?: WaitOptions): Promise<void> {
    const groups = typeof groupIds === 'string' ? [groupIds] : groupIds;
    const who = groups.length === 0 ? 'every group' : groups.join(', ');
    await this.when(`${who} has handled everything and committed it`, () => missingWork(this.embedded.cluster, groups), options);
  }

  /** Resolves to the records of the topic when there are as many. @throws Error at the deadline, with those that there are. */
  async whenRecords(topic: string, count = 1, options?: WaitOptions): Promise<StoredRecord[]> {
    const wanted = this.topic(topic);
    const missing = (): string | null => {
      const records = recordsOf(wanted);
      return records.length >= count ? null : `It has ${records.length}: ${records.map(({ partition, offset, value }) => `${partition}@${offset} ${String(value).slice(0, 100)}`).join(', ') || 'none'}.`;
    };
    await this.when(`${topic} has ${count} records`, missing, options);
    return recordsOf(wanted);
  }

  /**
   * Lets something go wrong. Of several faults that are for one request, the first injected strikes; a function sees each
   * request and decides by itself.
   *
   * @example
   * kafka.inject({ api: 'OffsetCommit', error: 16, times: 2 });              // NOT_COORDINATOR, twice
   * kafka.inject({ api: 'Produce', loseAnswer: true, times: 1 });             // written, but the producer does not learn of it
   * kafka.inject({ api: 'SyncGroup', holdUntil: 'LeaveGroup', times: 1 });    // until somebody leaves
   */
  inject(fault: FaultOptions | Fault): { clear(): void } {
    if (typeof fault === 'function') return { clear: this.embedded.faults.add(fault) };
    const injected = new InjectedFault(fault);
    const remove = this.embedded.faults.add(injected.strike);
    this.injected.set(injected, remove);
    const clear = () => {
      remove();
      this.injected.delete(injected);
    };
    return { clear };
  }

  /** The faults that have not struck as often as they should, and were not cleared. */
  pendingFaults(): FaultState[] {
    return [...this.injected.keys()].filter(fault => fault.isPending).map(fault => fault.state);
  }

  /** @throws Error with a table of the faults that have not struck as often as they should: a test that expects them has not tested them. */
  assertNoPendingFaults(): void {
    const pending = this.pendingFaults();
    if (pending.length === 0) return;
    const rows = pending.map(({ fault, fired, left }) => `  ${String(fired).padStart(5)}  ${(left === Infinity ? 'any' : String(left)).padStart(4)}  ${fault}`);
    throw new Error(`Faults that were injected and have not struck:\n  fired  left  fault\n${rows.join('\n')}`);
  }

  /** Takes every fault back. */
  clearFaults(): void {
    for (const remove of this.injected.values()) remove();
    this.injected.clear();
  }

  /** The last 10,000 requests, the oldest first; of one API where it is named. */
  requests(api?: string): RecordedRequest[] {
    return this.embedded.history.all.filter(request => api === undefined || request.api === api);
  }

  /** Makes another broker the leader of a partition. Clients learn of it as they do from Kafka: by an error, then from metadata. */
  async moveLeader(topic: string, partition: number, broker: number): Promise<void> {
    const found = this.topic(topic).partitions[partition];
    if (found === undefined) throw new Error(`Topic ${topic} has no partition ${partition}.`);
    this.embedded.moveLeader(found, this.node(broker));
  }

  /** Makes another broker the coordinator of a group, or of a transactional id. */
  async moveCoordinator(key: string, broker: number, kind: CoordinatorKind = 'group'): Promise<void> {
    const node = this.node(broker);
    if (!node.alive) throw new Error(`Broker ${broker} cannot coordinate ${key}: it is stopped.`);
    this.embedded.cluster.moveCoordinator(kind, key, node);
  }

  /** Cuts the broker's connections and frees its port. Its partitions and groups go to brokers that live; what it stored stays. */
  async stopBroker(broker: number): Promise<void> {
    await this.embedded.stopNode(this.node(broker));
  }

  /** Listens again on the same port. @throws where it was taken in the meantime. */
  async startBroker(broker: number): Promise<void> {
    await this.embedded.startNode(this.node(broker));
  }

  /** Everybody in the group has to join again. @throws Error where it has no members. */
  async forceRebalance(groupId: string): Promise<void> {
    this.embedded.cluster.groups.forceRebalance(groupId);
  }

  /** The member's session is over, as if it had sent no heartbeat. @throws Error where the group has no such member. */
  async expireMember(groupId: string, memberId: string): Promise<void> {
    this.embedded.cluster.groups.expireMember(groupId, memberId);
  }

  /** A new admin client of kafkajs, not connected yet; `stop()` disconnects it. */
  admin(): Admin {
    const admin = clientOf({ client: { clientId: 'embedded-kafka', brokers: this.brokers, logLevel: 0 } }).admin();
    this.admins.push(admin);
    return admin;
  }

  /**
   * Cuts all connections and frees the ports and the memory. Again, it does nothing.
   * @throws Error where a request met a defect of the embedded broker: what was answered then is not what Kafka answers.
   */
  stop(): Promise<void> {
    this.stopped ??= this.end();
    return this.stopped;
  }

  private async end(): Promise<void> {
    await Promise.all(this.admins.map(admin => admin.disconnect()));
    await this.embedded.stop();
    const [defect] = this.embedded.defects;
    if (defect !== undefined) throw new Error('A request met a defect of the embedded broker.', { cause: defect });
  }

  private when(what: string, missing: () => string | null, options?: WaitOptions): Promise<void> {
    return waitFor(what, () => {
      if (this.stopped !== null) throw new Error(`The embedded broker has stopped before ${what}.`);
      return missing();
    }, options);
  }

  private topic(name: string): Topic {
    const { topics, settings } = this.embedded.cluster;
    const topic = topics.named(name);
    if (topic !== undefined) return topic;
    if (settings.autoCreateTopics) return topics.create({ name, partitions: -1, replicationFactor: -1 });
    throw new Error(`The embedded broker has no topic ${name}. Create it: EmbeddedKafka.start({ topics: [{ name: '${name}' }] }), or createTopic('${name}').`);
  }

  private node(id: number): Node {
    const { nodes } = this.embedded.cluster;
    const node = nodes.find(each => each.id === id);
    if (node === undefined) throw new Error(`There is no broker ${id}: the brokers are 1 to ${nodes.length}.`);
    return node;
  }
}
