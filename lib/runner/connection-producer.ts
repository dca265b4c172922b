import type { Message, RecordMetadata } from 'kafkajs';
import { KafkaConnectionError, KafkaRefusedError } from '../consumer/errors.js';
import { systemClock } from '../consumer/clock.js';
import { messageOf } from '../consumer/error-text.js';
import type { GroupLog } from '../consumer/group-consumer.js';
import { WireError } from '../consumer/wire.js';
import { codecName, type Encode, encoderOf } from '../discovery/codecs.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import type { KafkaManyThreadsOptions, KafkaOutgoing, KafkaProducerOptions, KafkaSendOptions } from '../interfaces/index.js';
import { requireCodec } from '../kafkajs/compression.js';
import { KafkajsProduceWire } from '../kafkajs/kafkajs-produce-wire.js';
import { producerSettings } from '../options/producer-options.js';
import type { Acks } from '../producer/produce-wire.js';
import { Producer } from '../producer/producer.js';
import type { UnroutedRecord } from '../producer/send-call.js';
import { detached } from './detached.js';
import { outgoingRecords, rawRecords } from './outgoing-records.js';

const ALL: Acks = -1;
const DEFAULT_CLOSE_MS = 20_000;

/** The producer of one connection, in the public terms. It connects with the first send, or at boot. */
export class ConnectionProducer {
  private readonly name: string;
  private readonly producer: Producer;
  private readonly encode: Encode;
  private readonly codec: string;

  constructor(
    connection: string,
    private readonly module: KafkaManyThreadsOptions,
    private readonly options: KafkaProducerOptions,
    private readonly log: GroupLog,
  ) {
    const { codec = 'json', client } = module;
    const { allowAutoTopicCreation = true, maxInFlightRequests } = options;
    this.name = `The producer of connection ${connection}`;
    this.encode = encoderOf(codec);
    this.codec = codecName(codec);
    const wire = new KafkajsProduceWire({ client, log, allowAutoTopicCreation, maxInFlightRequests });
    this.producer = new Producer({ wire, log, clock: systemClock, settings: producerSettings(this.name, options) });
  }

  /** Under `startFailure: 'retry'` it waits for nobody: each send connects by itself. */
  async connect(): Promise<void> {
    const connected = detached(() => this.producer.connect());
    if (this.module.startFailure === 'retry') {
      return void connected.catch((error: unknown) => this.log.warn(`${this.name} reached no Kafka broker yet (${messageOf(error)})`));
    }
    try {
      await connected;
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      throw error.kind === 'fatal' ? new KafkaRefusedError(this.name, error.code, error) : new KafkaConnectionError(this.name, error);
    }
  }

  async send(topic: string, messages: KafkaOutgoing | readonly KafkaOutgoing[], { acks, compression = 0 }: KafkaSendOptions = {}): Promise<RecordMetadata[]> {
    return this.hand(topic, outgoingRecords(topicName(topic), listOf(messages), this.encode, this.codec), this.acksOf(acks), compressionOf(compression));
  }

  /** From handlers, in kafkajs's terms. */
  async sendRaw(topic: string, messages: Message | readonly Message[]): Promise<RecordMetadata[]> {
    return this.hand(topic, rawRecords(topicName(topic), listOf(messages)), ALL, 0);
  }

  close(timeoutMs = this.module.shutdownTimeoutMs ?? DEFAULT_CLOSE_MS): Promise<void> {
    return this.producer.close(timeoutMs);
  }

  private hand(topic: string, records: readonly UnroutedRecord[] | Promise<readonly UnroutedRecord[]>, acks: Acks, compression: number): Promise<RecordMetadata[]> {
    return detached(() => this.producer.send({ topic, records, acks, compression }));
  }

  private acksOf(acks: number = ALL): Acks {
    if (acks !== -1 && acks !== 0 && acks !== 1) throw new KafkaConfigurationError('send, option acks', `expected −1 (all in-sync replicas), 1 or 0, found ${String(acks)}.`);
    if (acks !== ALL && this.options.idempotent === true) {
      throw new KafkaConfigurationError('send, option acks', `found ${acks}, and the producer is \`idempotent: true\`, which needs the acknowledgement of all in-sync replicas.`);
    }
    return acks;
  }
}

/** @throws KafkaConfigurationError where records cannot be packed with it */
function compressionOf(compression: number): number {
  try {
    requireCodec(compression);
    return compression;
  } catch (error) {
    throw new KafkaConfigurationError('send, option compression', messageOf(error));
  }
}

function listOf<T>(messages: T | readonly T[]): readonly T[] {
  return Array.isArray(messages) ? (messages as readonly T[]) : [messages as T];
}

function topicName(topic: unknown): string {
  if (typeof topic !== 'string' || topic === '') throw new KafkaConfigurationError('send', `expected the name of a topic, found ${String(topic)}.`);
  return topic;
}
