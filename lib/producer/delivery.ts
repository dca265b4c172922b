import type { Clock } from '../consumer/clock.js';
import { messageOf } from '../consumer/error-text.js';
import type { GroupLog } from '../consumer/group-consumer.js';
import { LogThrottle } from '../consumer/log-throttle.js';
import { WireError } from '../consumer/wire.js';
import { Identities } from './identities.js';
import { LeaderQueue } from './leader-queue.js';
import type { PartitionOutbox, PendingBatch } from './partition-outbox.js';
import type { BatchFault, BatchOutcome, ProduceWire } from './produce-wire.js';
import { pauseMs, type ProducerSettings } from './producer-settings.js';
import type { ProducerTopics } from './producer-topics.js';
import type { SendFault } from './send-call.js';

export interface DeliveryDependencies {
  readonly wire: ProduceWire;
  readonly settings: ProducerSettings;
  readonly topics: ProducerTopics;
  readonly clock: Clock;
  readonly log: GroupLog;
}

/** Brings what waits for partitions to their leaders, and decides what a broker's answer, or none, means for a batch. */
export class Delivery {
  private readonly queues = new Map<number, LeaderQueue>();
  /** Nobody leads their partitions, as far as is known. */
  private readonly stranded = new Set<PartitionOutbox>();
  private readonly pauses = new Set<() => void>();
  private readonly identities: Identities;
  private readonly throttle: LogThrottle;
  private isStopped = false;

  constructor(private readonly deps: DeliveryDependencies) {
    this.identities = new Identities(deps.wire);
    this.throttle = new LogThrottle(deps.clock);
  }

  /** Sends what waits, unless something of this partition is out already. */
  dispatch(outbox: PartitionOutbox): void {
    const { topics, clock } = this.deps;
    if (outbox.isBusy || this.isStopped) return;
    outbox.failExpired(clock.now(), () => this.expired(outbox));
    if (outbox.isEmpty) return;
    const denial = topics.denialOf(outbox.topic);
    if (denial !== null) return this.failAll(outbox, denial);
    if ((outbox.batch?.deadlineMs ?? Infinity) <= clock.now()) return this.giveUp(outbox, this.expired(outbox));
    const leader = topics.leaderOf(outbox.topic, outbox.partition);
    if (leader !== null) return this.queueOf(leader).add(outbox);
    this.stranded.add(outbox);
    topics.want(outbox.topic);
  }

  /** Leaders may have moved. */
  refreshed(): void {
    const stranded = [...this.stranded];
    this.stranded.clear();
    for (const outbox of stranded) this.dispatch(outbox);
  }

  stop(): void {
    this.isStopped = true;
    for (const cancel of this.pauses) cancel();
    this.pauses.clear();
  }

  private queueOf(leader: number): LeaderQueue {
    let queue = this.queues.get(leader);
    if (queue === undefined) {
      queue = new LeaderQueue(this.deps.clock, batches => this.send(leader, batches));
      this.queues.set(leader, queue);
    }
    return queue;
  }

  private async send(leader: number, batches: ReadonlyMap<PartitionOutbox, PendingBatch>): Promise<void> {
    const outcomes = await this.request(leader, [...batches]);
    if (this.isStopped) return;
    for (const [at, outbox] of [...batches.keys()].entries()) {
      outbox.isBusy = false;
      const outcome = outcomes[at];
      if (outcome?.kind === 'acknowledged') this.acknowledged(outbox, outcome);
      else this.failed(outbox, outcome ?? { kind: 'unavailable', code: 'NO_ANSWER', message: 'the broker has not answered for the partition', records: [] });
    }
  }

  private async request(leader: number, batches: readonly [PartitionOutbox, PendingBatch][]): Promise<readonly BatchOutcome[]> {
    const { wire } = this.deps;
    const acks = batches[0]?.[1].acks ?? -1;
    try {
      if (acks === -1) await this.identify(batches.map(([outbox]) => outbox));
      return await wire.produce({ leader, acks, batches: batches.map(([outbox, batch]) => outbox.outgoing(batch)) });
    } catch (error) {
      const fault = faultOf(error);
      return batches.map(() => fault);
    }
  }

  private async identify(outboxes: readonly PartitionOutbox[]): Promise<void> {
    if (!this.deps.settings.isIdempotent) return;
    const anonymous = outboxes.filter(({ hasIdentity }) => !hasIdentity);
    if (anonymous.length === 0) return;
    const identity = await this.identities.current();
    for (const outbox of anonymous) outbox.identify(identity);
  }

  private acknowledged(outbox: PartitionOutbox, { baseOffset, logAppendTimeMs, logStartOffset }: Extract<BatchOutcome, { kind: 'acknowledged' }>): void {
    if (outbox.failures > 0) this.throttle.forget(outbox.name);
    outbox.acknowledged(baseOffset, logAppendTimeMs, logStartOffset);
    this.dispatch(outbox);
  }

  private failed(outbox: PartitionOutbox, fault: BatchFault): void {
    outbox.lastFault = fault.message;
    switch (fault.kind) {
      case 'moved':
      case 'unavailable':
        return this.repeat(outbox, fault);
      case 'unsequenced':
        this.renounce(outbox);
        return this.repeat(outbox, fault);
      case 'too-large':
        this.renounce(outbox);
        outbox.tooLarge({ kind: 'too-large', message: `${outbox.name} does not take a record of this size: ${fault.message} See max.message.bytes of the topic and message.max.bytes of the broker.` });
        return this.dispatch(outbox);
      case 'refused':
        this.renounce(outbox);
        this.refuse(outbox, fault);
        return this.dispatch(outbox);
    }
  }

  private refuse(outbox: PartitionOutbox, { message, records }: BatchFault): void {
    const fault: SendFault = { kind: 'not-acknowledged', message: `${outbox.name} has refused a record: ${message}` };
    if (records.length === 0) outbox.failBatch(fault);
    else outbox.refused(records, fault);
  }

  private repeat(outbox: PartitionOutbox, { message }: BatchFault): void {
    const { settings, topics, clock, log } = this.deps;
    topics.want(outbox.topic);
    outbox.failures++;
    if (outbox.failures > settings.retry.retries) {
      return this.giveUp(outbox, { kind: 'not-acknowledged', message: `${outbox.name} was not acknowledged in ${outbox.failures} attempts. The last one: ${message}` });
    }
    const delayMs = pauseMs(settings.retry, outbox.failures);
    const line = `Sending to ${outbox.name} is repeated: ${message}`;
    if (outbox.failures > 1 && this.throttle.allows(outbox.name)) log.warn(line);
    else log.debug?.(line);
    outbox.isBusy = true;
    const cancel = clock.later(delayMs, () => {
      this.pauses.delete(cancel);
      outbox.isBusy = false;
      this.dispatch(outbox);
    });
    this.pauses.add(cancel);
  }

  /** The broker may have the batch or not: what follows must not be taken for a repetition of it. */
  private giveUp(outbox: PartitionOutbox, fault: SendFault): void {
    this.renounce(outbox);
    outbox.failBatch(fault);
    this.dispatch(outbox);
  }

  private failAll(outbox: PartitionOutbox, fault: SendFault): void {
    this.renounce(outbox);
    outbox.failBatch(fault);
    outbox.failWaiting(fault);
  }

  private renounce(outbox: PartitionOutbox): void {
    const identity = outbox.forgetIdentity();
    if (identity !== null) this.identities.retire(identity);
  }

  private expired({ name, lastFault }: PartitionOutbox): SendFault {
    const last = lastFault === null ? 'The partition has no leader, or it is not known.' : `The last answer: ${lastFault}`;
    return { kind: 'not-acknowledged', message: `${name} was not acknowledged within ${this.deps.settings.deliveryTimeoutMs} ms (deliveryTimeoutMs). ${last}` };
  }
}

function faultOf(error: unknown): BatchFault {
  if (!(error instanceof WireError)) return { kind: 'refused', code: 'UNKNOWN', message: messageOf(error), records: [] };
  const { kind, code, message } = error;
  return { kind: kind === 'fatal' ? 'refused' : kind === 'moved' ? 'moved' : 'unavailable', code, message, records: [] };
}
