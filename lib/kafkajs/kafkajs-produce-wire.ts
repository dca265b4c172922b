import type { Kafka, KafkaConfig } from 'kafkajs';
import type { GroupLog } from '../consumer/group-consumer.js';
import { WireError } from '../consumer/wire.js';
import type { BatchFault, BatchOutcome, PartitionLayout, ProducerIdentity, ProduceRequest, ProduceWire } from '../producer/produce-wire.js';
import type { BrokerLink } from './broker-link.js';
import { Brokers, seedsOf } from './brokers.js';
import { openDoor } from './cluster-door.js';
import { connectWithRetries } from './connect-retries.js';
import { ErrorCode, produceFault, protocolError, toWireError } from './errors.js';
import {
  type EncodedBatch, GREATEST_INIT_VERSION, INIT_PRODUCER_ID_KEY, initProducerIdProtocol, PRODUCE_KEY, produceProtocol, type ProduceResponsePartition,
  produceVersion,
} from './produce-codec.js';
import { encodeBatch } from './record-batch-writer.js';

export interface ProduceWireConfig {
  /** `requestTimeout` is 10 seconds by default, `connectionTimeout` 3. */
  readonly client: KafkaConfig | (() => Kafka);
  readonly allowAutoTopicCreation: boolean;
  readonly maxInFlightRequests?: number;
  readonly log: GroupLog;
}

const DEFAULT_REQUEST_TIMEOUT_MS = 10_000;
/** The broker answers before we stop to wait: giving up costs the connection. */
const BROKER_SHARE = 0.8;

/** Produces through kafkajs's connections. Opens them with the first request. */
export class KafkajsProduceWire implements ProduceWire {
  private readonly requestMs: number;
  private opened: Brokers | null = null;
  private isClosed = false;

  constructor(private readonly config: ProduceWireConfig) {
    const { client } = config;
    this.requestMs = (typeof client === 'function' ? undefined : client.requestTimeout) ?? DEFAULT_REQUEST_TIMEOUT_MS;
  }

  async connect(): Promise<void> {
    const { client } = this.config;
    await connectWithRetries(this.brokers(), typeof client === 'function' ? {} : { ...client.retry });
  }
  close(): void {
    this.isClosed = true;
    this.opened?.close();
  }

  async metadata(topics: readonly string[]): Promise<ReadonlyMap<string, readonly PartitionLayout[] | WireError>> {
    const brokers = this.brokers();
    const reply = await brokers.ask('Metadata', this.requestMs, broker => broker.metadata(topics));
    brokers.learn(reply.brokers);
    const found = new Map<string, readonly PartitionLayout[] | WireError>();
    for (const { topic, topicErrorCode, partitionMetadata } of reply.topicMetadata) {
      if (topicErrorCode === ErrorCode.UNKNOWN_TOPIC_OR_PARTITION || topicErrorCode === ErrorCode.LEADER_NOT_AVAILABLE) continue;
      if (topicErrorCode !== ErrorCode.NONE) found.set(topic, protocolError(topicErrorCode, `Metadata of the topic "${topic}"`));
      else found.set(topic, partitionMetadata.map(each => ({ ...each, leader: brokers.address(each.leader) === null ? -1 : each.leader })).sort((a, b) => a.partitionId - b.partitionId));
    }
    return found;
  }

  async newIdentity(): Promise<ProducerIdentity> {
    const link = await this.brokers().any();
    const version = Math.min(link.versions(INIT_PRODUCER_ID_KEY)?.maxVersion ?? 0, GREATEST_INIT_VERSION);
    const { errorCode, producerId, epoch } = await link.send('InitProducerId', this.requestMs, initProducerIdProtocol(version));
    if (errorCode !== ErrorCode.NONE) throw protocolError(errorCode, 'InitProducerId', 'An idempotent producer needs IdempotentWrite on the cluster, or Write on a topic; `producer.idempotent: false` does without.');
    return { producerId, epoch };
  }

  async produce({ leader, acks, batches }: ProduceRequest): Promise<readonly BatchOutcome[]> {
    const link = await this.linkTo(leader);
    const spoken = link.versions(PRODUCE_KEY);
    const version = spoken === null ? null : produceVersion(spoken.minVersion, spoken.maxVersion);
    if (version === null) {
      throw new WireError('fatal', 'UNSUPPORTED_VERSION', `${link.name} speaks versions ${spoken?.minVersion} to ${spoken?.maxVersion} of Produce, and this producer 3 to 8: Kafka 0.11 or later.`);
    }
    const encoded = await Promise.all(batches.map(async (batch): Promise<EncodedBatch> => ({ topic: batch.topic, partition: batch.partition, bytes: await encodeBatch(batch) })));
    const brokerMs = Math.ceil(this.requestMs * BROKER_SHARE);
    const protocol = produceProtocol(version, acks, brokerMs, encoded);
    if (acks === 0) {
      await link.sendUnanswered('Produce', this.requestMs, protocol);
      return batches.map(() => UNANSWERED);
    }
    const { partitions } = await link.send('Produce', this.requestMs, protocol);
    const answers = new Map(partitions.map(answer => [`${answer.topic}/${answer.partition}`, answer]));
    return batches.map(({ topic, partition }) => outcomeOf(answers.get(`${topic}/${partition}`), `${topic}/${partition}`));
  }

  private linkTo(leader: number): Promise<BrokerLink> {
    const address = this.brokers().address(leader);
    if (address === null) throw new WireError('moved', 'BROKER_UNKNOWN', `Produce: the last metadata has no broker ${leader}.`);
    return this.brokers().link('produce', address);
  }

  private brokers(): Brokers {
    if (this.isClosed) throw new WireError('unavailable', 'CLOSED', 'The producer has closed its connections.');
    this.opened ??= this.open();
    return this.opened;
  }

  private open(): Brokers {
    const { client, allowAutoTopicCreation, maxInFlightRequests, log } = this.config;
    try {
      const cluster = openDoor({ client, log, allowAutoTopicCreation, kafkajs: { maxInFlightRequests }, groupId: 'producer' });
      return new Brokers(cluster, seedsOf(client), this.requestMs);
    } catch (error) {
      throw toWireError(error, "kafkajs's client configuration");
    }
  }
}

const UNANSWERED: BatchOutcome = { kind: 'acknowledged', baseOffset: -1, logAppendTimeMs: -1, logStartOffset: -1 };

function outcomeOf(answer: ProduceResponsePartition | undefined, name: string): BatchOutcome {
  if (answer === undefined) return { kind: 'unavailable', code: 'INVALID_RESPONSE', message: `the broker has not answered for ${name}.`, records: [] };
  const { errorCode, baseOffset, logAppendTimeMs, logStartOffset, records, message } = answer;
  // A repetition that is so old that the broker remembers no offset of it.
  if (errorCode === ErrorCode.NONE || errorCode === ErrorCode.DUPLICATE_SEQUENCE_NUMBER) return { kind: 'acknowledged', baseOffset, logAppendTimeMs, logStartOffset };
  const { kind, code } = produceFault(errorCode);
  const fault: BatchFault = { kind, code, message: `the broker answered ${code} (${errorCode})${message === null ? '' : `: ${message}`}.`, records };
  return fault;
}
