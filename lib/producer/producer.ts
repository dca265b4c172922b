import type { Clock } from '../consumer/clock.js';
import type { GroupLog } from '../consumer/group-consumer.js';
import { Delivery } from './delivery.js';
import { type Acknowledgement, KafkaNotAcknowledgedError, KafkaProducerClosedError, KafkaProducerFullError } from './errors.js';
import { PartitionOutbox } from './partition-outbox.js';
import type { Acks, PartitionLayout, ProduceWire } from './produce-wire.js';
import type { ProducerSettings } from './producer-settings.js';
import { ProducerTopics } from './producer-topics.js';
import { partitionOf } from './routing.js';
import { SendCall, type SendFault, type UnroutedRecord } from './send-call.js';

export interface ProducerDependencies {
  readonly wire: ProduceWire;
  readonly settings: ProducerSettings;
  readonly clock: Clock;
  readonly log: GroupLog;
}

export interface SendRequest {
  readonly topic: string;
  /** A promise where a codec takes its time: later calls of the topic wait behind it. */
  readonly records: readonly UnroutedRecord[] | Promise<readonly UnroutedRecord[]>;
  readonly acks: Acks;
  readonly compression: number;
}

/**
 * Sends records, in the order of the calls within a partition, and says of each call when all its records are acknowledged.
 *
 * ```
 *   send --> intake of the topic --> outbox of the partition --> queue of the leader --> request
 *            (encoded? partitions     (order, batches,            (one request at
 *             known?)                  repetitions)                a time)
 * ```
 */
export class Producer {
  private readonly topics: ProducerTopics;
  private readonly delivery: Delivery;
  private readonly outboxes = new Map<string, Map<number, PartitionOutbox>>();
  /** By topic, calls that cannot be given to partitions yet. */
  private readonly intakes = new Map<string, SendCall[]>();
  private readonly calls = new Set<SendCall>();
  private bufferedBytes = 0;
  private state: 'open' | 'closing' | 'closed' = 'open';
  private flushed: () => void = () => {};

  constructor(private readonly deps: ProducerDependencies) {
    const { wire, clock, log, settings } = deps;
    this.topics = new ProducerTopics({ wire, clock, log, maxAgeMs: settings.metadataMaxAgeMs, refreshed: () => this.refreshed() });
    this.delivery = new Delivery({ ...deps, topics: this.topics });
  }

  /** Sends connect by themselves. @throws WireError */
  connect(): Promise<void> {
    return this.deps.wire.connect();
  }

  /** Rejects with a `KafkaSendError`, or with what the records reject with. */
  send({ topic, records, acks, compression }: SendRequest): Promise<Acknowledgement[]> {
    const { settings, clock } = this.deps;
    if (Array.isArray(records) && records.length === 0) return Promise.resolve([]);
    if (this.state !== 'open') return refuse(records, new KafkaProducerClosedError(topic, `A record for ${topic} was sent after ${settings.name} had closed: the application is shutting down.`));
    if (this.bufferedBytes >= settings.bufferBytes) {
      return refuse(records, new KafkaProducerFullError(topic, `${this.bufferedBytes} bytes wait in ${settings.name} already (bufferBytes: ${settings.bufferBytes}). Await what you send, or send less at once.`));
    }
    const sentMs = clock.now();
    const call = new SendCall(topic, { acks, compression, sentMs, deadlineMs: sentMs + settings.deliveryTimeoutMs }, over => this.over(over));
    this.calls.add(call);
    if (records instanceof Promise) this.beginLater(call, records);
    else this.begin(call, records);
    this.take(call);
    return call.done;
  }

  /** Takes no more, waits until everything is acknowledged or given up, at most so long, and ends the connections. */
  async close(timeoutMs: number): Promise<void> {
    if (this.state !== 'open') return;
    this.state = 'closing';
    if (this.calls.size > 0) {
      await new Promise<void>(resolve => {
        const cancel = this.deps.clock.later(timeoutMs, resolve);
        this.flushed = () => {
          cancel();
          resolve();
        };
      });
    }
    this.state = 'closed';
    this.delivery.stop();
    this.topics.stop();
    const waiting = [...this.calls];
    if (waiting.length > 0) this.deps.log.error(`${this.deps.settings.name} has closed after ${timeoutMs} ms, and ${waiting.length} sends were not acknowledged`);
    for (const call of waiting) call.failAll({ kind: 'not-acknowledged', message: `A record for ${call.topic} was not acknowledged before the application shut down.` });
    this.deps.wire.close();
  }

  private begin(call: SendCall, records: readonly UnroutedRecord[]): void {
    if (call.isOver) return;
    call.begin(records);
    this.bufferedBytes += bytesOf(records);
  }

  private beginLater(call: SendCall, records: Promise<readonly UnroutedRecord[]>): void {
    const { clock, settings } = this.deps;
    const cancel = clock.later(settings.deliveryTimeoutMs, () => {
      call.abort(new KafkaNotAcknowledgedError(call.topic, `The codec has not encoded the values for ${call.topic} within ${settings.deliveryTimeoutMs} ms (deliveryTimeoutMs).`));
      this.pump(call.topic);
    });
    void records
      .then(
        encoded => this.begin(call, encoded),
        (error: Error) => call.abort(error),
      )
      .finally(cancel)
      .then(() => this.pump(call.topic));
  }

  private take(call: SendCall): void {
    const intake = this.intakes.get(call.topic);
    if (intake !== undefined) intake.push(call);
    else if (!this.route(call)) this.intakes.set(call.topic, [call]);
  }

  /** Gives calls to partitions as far as that can be done in order. */
  private pump(topic: string): void {
    const intake = this.intakes.get(topic) ?? [];
    let routed = 0;
    for (const call of intake) {
      if (!this.route(call)) break;
      routed++;
    }
    intake.splice(0, routed);
    if (intake.length === 0) this.intakes.delete(topic);
  }

  private refreshed(): void {
    for (const topic of [...this.intakes.keys()]) this.pump(topic);
    this.delivery.refreshed();
  }

  /** False: not yet. */
  private route(call: SendCall): boolean {
    const { topic, records, settings } = call;
    if (call.isOver) return true;
    if (records === null) return false;
    const denial = this.topics.denialOf(topic, settings.sentMs);
    const known = denial === null ? this.topics.layout(topic) : null;
    if (known === null) return this.unroutable(call, denial);
    const partitions = this.partitionsOf(call, records, known.partitions);
    if (partitions === null) return true;
    const unknown = partitions.find(partition => !known.leaders.has(partition));
    if (unknown !== undefined) {
      // Partitions may have been added: only an answer to a question that was asked later can deny it.
      const isFresh = known.askedMs > settings.sentMs;
      if (!isFresh) this.topics.want(topic);
      const count = known.partitions.length;
      return this.unroutable(call, isFresh ? { kind: 'unknown-topic', message: `Topic ${topic} has no partition ${unknown}; it has ${count}, from 0 to ${count - 1}.` } : null);
    }
    this.hand(call, records, partitions);
    return true;
  }

  private unroutable(call: SendCall, fault: SendFault | null): boolean {
    const { deliveryTimeoutMs } = this.deps.settings;
    const isLate = call.settings.deadlineMs <= this.deps.clock.now();
    const late: SendFault = { kind: 'not-acknowledged', message: `No broker has said within ${deliveryTimeoutMs} ms (deliveryTimeoutMs) where ${call.topic} can be sent to.` };
    const reason = fault ?? (isLate ? late : null);
    if (reason !== null) call.failAll(reason);
    return reason !== null;
  }

  /** Null where the partitioner has failed, and with it the call. */
  private partitionsOf(call: SendCall, records: readonly UnroutedRecord[], layout: PartitionLayout[]): readonly number[] | null {
    try {
      return records.map(record => partitionOf(this.deps.settings.partitioner, call.topic, record, layout));
    } catch (error) {
      call.failAll({ kind: 'not-acknowledged', message: `The partitioner has failed for ${call.topic}.`, cause: error });
      return null;
    }
  }

  private hand(call: SendCall, records: readonly UnroutedRecord[], partitions: readonly number[]): void {
    const outboxes = new Set<PartitionOutbox>();
    for (const [index, record] of records.entries()) {
      const outbox = this.outboxOf(call.topic, partitions[index] ?? 0);
      outbox.push(call, index, record);
      outboxes.add(outbox);
    }
    for (const outbox of outboxes) this.delivery.dispatch(outbox);
  }

  private outboxOf(topic: string, partition: number): PartitionOutbox {
    let ofTopic = this.outboxes.get(topic);
    if (ofTopic === undefined) this.outboxes.set(topic, (ofTopic = new Map<number, PartitionOutbox>()));
    let outbox = ofTopic.get(partition);
    if (outbox === undefined) ofTopic.set(partition, (outbox = new PartitionOutbox(topic, partition)));
    return outbox;
  }

  private over(call: SendCall): void {
    this.calls.delete(call);
    this.bufferedBytes -= bytesOf(call.records ?? []);
    if (this.calls.size === 0) this.flushed();
  }
}

function bytesOf(records: readonly UnroutedRecord[]): number {
  let bytes = 0;
  for (const record of records) bytes += record.bytes;
  return bytes;
}

function refuse(records: SendRequest['records'], error: Error): Promise<never> {
  // Whoever gets this error needs no second one.
  if (records instanceof Promise) records.catch(() => undefined);
  return Promise.reject(error);
}
