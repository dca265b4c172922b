import type { Acks, OutgoingBatch, ProducerIdentity } from './produce-wire.js';
import type { SendCall, SendFault, UnroutedRecord } from './send-call.js';

/** A batch of the broker's default `message.max.bytes` (1,048,588), less what the estimate of a record's size may be off. */
const MOST_BATCH_BYTES = 1_000_000;
const SEQUENCES = 2 ** 31;

interface QueuedRecord {
  readonly record: UnroutedRecord;
  readonly call: SendCall;
  readonly index: number;
}

/** The records that go to the broker together, again and again until it has answered for good. */
export interface PendingBatch {
  readonly queued: readonly QueuedRecord[];
  readonly acks: Acks;
  readonly compression: number;
  /** Of the record that may wait longest, monotonic. */
  readonly deadlineMs: number;
}

/**
 * What waits for one partition, in order.
 *
 * ```
 *   push --> waiting ... waiting --take--> batch --> acknowledged
 *               ^                           | ^
 *               |-- give back (too large) --+ +-- sent again: same records, same sequence
 * ```
 *
 * At most one batch is out: nothing overtakes a batch that is repeated, and a sequence that was given to a batch is given to
 * another one only after the broker has acknowledged the first. A batch that is given up without an answer may be in the log or
 * not, so that nobody knows what the next sequence is: the partition goes on under a new identity.
 */
export class PartitionOutbox {
  batch: PendingBatch | null = null;
  /** It is in a request, or waits for its next try. */
  isBusy = false;
  failures = 0;
  /** What the broker, or the connection, has said of the batch last. */
  lastFault: string | null = null;
  private waiting: QueuedRecord[] = [];
  private first = 0;
  private mostBytes = MOST_BATCH_BYTES;
  private identity: ProducerIdentity | null = null;
  private sequence = 0;

  constructor(
    readonly topic: string,
    readonly partition: number,
  ) {}

  get isEmpty(): boolean {
    return this.batch === null && this.first === this.waiting.length;
  }
  get name(): string {
    return `${this.topic}/${this.partition}`;
  }

  push(call: SendCall, index: number, record: UnroutedRecord): void {
    this.waiting.push({ call, index, record });
  }

  /** The batch that is out, or a new one: of records with the same settings, as many as fit, one at least. */
  next(): PendingBatch | null {
    this.batch ??= this.take();
    return this.batch;
  }

  /** The batch as it goes into a request. */
  outgoing({ queued, compression, acks }: PendingBatch): OutgoingBatch {
    const { topic, partition, sequence } = this;
    return { topic, partition, compression, identity: acks === -1 ? this.identity : null, sequence, records: queued.map(({ record }) => record) };
  }
  get hasIdentity(): boolean {
    return this.identity !== null;
  }
  identify(identity: ProducerIdentity): void {
    this.identity = identity;
    this.sequence = 0;
  }
  /** The identity that must not be used for this partition any more. */
  forgetIdentity(): ProducerIdentity | null {
    const { identity } = this;
    this.identity = null;
    return identity;
  }

  acknowledged(baseOffset: number, logAppendTimeMs: number, logStartOffset: number): void {
    const { batch, topic: topicName, partition } = this;
    if (batch === null) return;
    if (batch.acks === -1) this.sequence = (this.sequence + batch.queued.length) % SEQUENCES;
    this.batch = null;
    this.failures = 0;
    this.lastFault = null;
    const [logAppendTime, start] = [String(logAppendTimeMs), String(logStartOffset)];
    for (const [position, { call, index }] of batch.queued.entries()) {
      const offset = baseOffset < 0 ? '-1' : String(baseOffset + position);
      call.acknowledge(index, { topicName, partition, errorCode: 0, offset, baseOffset: offset, logAppendTime, logStartOffset: start });
    }
  }

  /** Fails the batch's records at these positions, and gives the others back to the front. */
  refused(positions: readonly number[], fault: SendFault): void {
    const { batch } = this;
    if (batch === null) return;
    const refused = new Set(positions);
    this.giveBack(batch.queued.filter((_, position) => !refused.has(position)));
    for (const [position, { call, index }] of batch.queued.entries()) if (refused.has(position)) call.fail(index, fault);
  }

  /** Smaller batches from now on; a record that is alone already is too large itself. */
  tooLarge(fault: SendFault): void {
    const { batch } = this;
    if (batch === null) return;
    if (batch.queued.length === 1) return this.refused([0], fault);
    const bytes = batch.queued.reduce((sum, { record }) => sum + record.bytes, 0);
    this.mostBytes = Math.min(this.mostBytes, Math.ceil(bytes / 2));
    this.giveBack(batch.queued);
  }

  failBatch(fault: SendFault): void {
    const { batch } = this;
    if (batch === null) return;
    this.batch = null;
    this.failures = 0;
    for (const { call, index } of batch.queued) call.fail(index, fault);
  }

  /** Records whose time is over before they were in a batch. */
  failExpired(nowMs: number, fault: (queued: number) => SendFault): void {
    const from = this.first;
    while ((this.waiting[this.first]?.call.settings.deadlineMs ?? Infinity) <= nowMs) this.first++;
    const expired = this.waiting.slice(from, this.first);
    for (const { call, index } of expired) call.fail(index, fault(expired.length));
  }

  failWaiting(fault: SendFault): void {
    const failed = this.waiting.slice(this.first);
    this.waiting = [];
    this.first = 0;
    for (const { call, index } of failed) call.fail(index, fault);
  }

  private take(): PendingBatch | null {
    const head = this.waiting[this.first];
    if (head === undefined) return null;
    const { acks, compression } = head.call.settings;
    let [end, bytes, deadlineMs] = [this.first, 0, 0];
    for (let next: QueuedRecord | undefined = head; next !== undefined; next = this.waiting[end]) {
      const { settings } = next.call;
      if (settings.acks !== acks || settings.compression !== compression) break;
      if (end > this.first && bytes + next.record.bytes > this.mostBytes) break;
      bytes += next.record.bytes;
      deadlineMs = Math.max(deadlineMs, settings.deadlineMs);
      end++;
    }
    const queued = this.waiting.slice(this.first, end);
    this.first = end;
    if (this.first * 2 >= this.waiting.length) this.compact();
    return { queued, acks, compression, deadlineMs };
  }

  private giveBack(queued: readonly QueuedRecord[]): void {
    this.batch = null;
    this.waiting = [...queued, ...this.waiting.slice(this.first)];
    this.first = 0;
  }

  private compact(): void {
    this.waiting = this.waiting.slice(this.first);
    this.first = 0;
  }
}
