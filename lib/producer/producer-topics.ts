import { backOffMs } from '../consumer/back-off.js';
import type { Clock } from '../consumer/clock.js';
import { messageOf } from '../consumer/error-text.js';
import type { GroupLog } from '../consumer/group-consumer.js';
import { LogThrottle } from '../consumer/log-throttle.js';
import { WireError } from '../consumer/wire.js';
import type { PartitionLayout, ProduceWire } from './produce-wire.js';
import type { SendFault } from './send-call.js';

/** Between two requests, whoever asks. */
const GAP_MS = 100;
const LONGEST_BACK_OFF_MS = 2000;
/** A topic that was just created is not known to every broker at once: it is missing after so many answers without it. */
const ABSENCES = 6;

interface KnownTopic {
  readonly partitions: PartitionLayout[];
  readonly leaders: ReadonlyMap<number, number>;
  readonly askedMs: number;
}

/** Why nothing can be sent to a topic. */
interface Denial {
  readonly askedMs: number;
  readonly fault: SendFault;
}

export interface ProducerTopicsDependencies {
  readonly wire: Pick<ProduceWire, 'metadata'>;
  readonly clock: Clock;
  readonly log: GroupLog;
  readonly maxAgeMs: number;
  /** After every answer, and after every question that had none: what waits can look again. */
  readonly refreshed: () => void;
}

/** Partitions and leaders of the topics that somebody sends to. A topic that nobody sends to any more is never asked for. */
export class ProducerTopics {
  private readonly known = new Map<string, KnownTopic>();
  private readonly absences = new Map<string, number>();
  private readonly denials = new Map<string, Denial>();
  private readonly wanted = new Set<string>();
  private readonly throttle: LogThrottle;
  private cancel: (() => void) | null = null;
  private isAsking = false;
  private isStopped = false;
  private failures = 0;
  private notBeforeMs = -Infinity;

  constructor(private readonly deps: ProducerTopicsDependencies) {
    this.throttle = new LogThrottle(deps.clock);
  }

  /** Null while it is asked for. What is known for long is asked for again, and may be used meanwhile. */
  layout(topic: string): KnownTopic | null {
    const known = this.known.get(topic);
    if (known === undefined || this.deps.clock.now() - known.askedMs > this.deps.maxAgeMs) this.want(topic);
    return known ?? null;
  }
  /** Null while the partition has none, or none is known. */
  leaderOf(topic: string, partition: number): number | null {
    const leader = this.known.get(topic)?.leaders.get(partition) ?? -1;
    return leader < 0 ? null : leader;
  }
  /** Kafka refuses the topic, or enough answers have been without it; the last one to a question asked since then. */
  denialOf(topic: string, sinceMs = -Infinity): SendFault | null {
    const denial = this.denials.get(topic);
    return denial !== undefined && denial.askedMs > sinceMs ? denial.fault : null;
  }

  want(topic: string): void {
    this.denials.delete(topic);
    this.wanted.add(topic);
    this.plan();
  }

  stop(): void {
    this.isStopped = true;
    this.cancel?.();
  }

  private plan(): void {
    if (this.isAsking || this.isStopped || this.cancel !== null || this.wanted.size === 0) return;
    this.cancel = this.deps.clock.later(Math.max(0, this.notBeforeMs - this.deps.clock.now()), () => {
      this.cancel = null;
      void this.ask();
    });
  }

  private async ask(): Promise<void> {
    const { wire, clock, log } = this.deps;
    const topics = [...this.wanted];
    this.wanted.clear();
    this.isAsking = true;
    const askedMs = clock.now();
    this.notBeforeMs = askedMs + GAP_MS;
    try {
      const found = await wire.metadata(topics);
      this.failures = 0;
      this.throttle.forget('metadata');
      for (const topic of topics) this.take(topic, found.get(topic), askedMs);
    } catch (error) {
      for (const topic of topics) this.wanted.add(topic);
      this.notBeforeMs = clock.now() + backOffMs(this.failures++, GAP_MS, LONGEST_BACK_OFF_MS);
      const message = `No broker says where ${topics.join(', ')} can be sent to (${messageOf(error)}); it is asked again`;
      if (!this.isStopped && this.throttle.allows('metadata')) log.warn(message);
      else log.debug?.(message);
    }
    this.isAsking = false;
    if (this.isStopped) return;
    this.deps.refreshed();
    this.plan();
  }

  private take(topic: string, answer: readonly PartitionLayout[] | WireError | undefined, askedMs: number): void {
    if (answer instanceof WireError) {
      // Whoever waits for a topic with a passing trouble wants it again when it looks; when nobody does, nobody asks.
      if (answer.kind === 'fatal') this.deny(topic, askedMs, refusedTopic(topic, answer));
    } else if (answer !== undefined && answer.length > 0) {
      this.absences.delete(topic);
      const leaders = new Map(answer.map(({ partitionId, leader }) => [partitionId, leader]));
      this.known.set(topic, { partitions: [...answer], leaders, askedMs });
    } else {
      const count = (this.absences.get(topic) ?? 0) + 1;
      this.absences.set(topic, count);
      this.known.delete(topic);
      if (count >= ABSENCES) this.deny(topic, askedMs, unknownTopic(topic));
      else this.wanted.add(topic);
    }
  }

  private deny(topic: string, askedMs: number, fault: SendFault): void {
    this.absences.delete(topic);
    this.known.delete(topic);
    this.denials.set(topic, { askedMs, fault });
  }
}

function unknownTopic(topic: string): SendFault {
  return { kind: 'unknown-topic', message: `Topic ${topic} does not exist. Create it, or see auto.create.topics.enable of the broker and \`producer.allowAutoTopicCreation\`.` };
}

function refusedTopic(topic: string, { code, message }: WireError): SendFault {
  if (code === 'INVALID_TOPIC_EXCEPTION') return { kind: 'unknown-topic', message: `Kafka has no topic with the name '${topic}'. ${message}` };
  return { kind: 'not-acknowledged', message: `Nothing can be sent to topic ${topic}: ${message}` };
}
