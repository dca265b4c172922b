import { Observable, Subject } from 'rxjs';
import type { GroupConsumer, GroupListener, GroupLog } from '../consumer/group-consumer.js';
import type { Delivery } from '../engine/delivery.js';
import type { Handler } from '../engine/handler.js';
import { isLater } from '../discovery/codecs.js';
import { type Decode, HandlerContext, type HandlerPlace } from '../discovery/handler-context.js';
import { LazyRecord } from '../discovery/lazy-record.js';
import { KafkaSkipException } from '../errors/record-fate.exceptions.js';
import type { KafkaEvent } from '../interfaces/index.js';
import { describeError } from './describe-error.js';
import { LineRate } from './line-rate.js';

/** Failures are news, but a thousand of them a second are not. */
const LINE_MS = 1000;

/** Tells the log of failures, and whoever subscribes of everything. What nobody listens to is not built. */
export class GroupEvents {
  private readonly subject = new Subject<KafkaEvent>();
  private subscribers = 0;
  private readonly retryLines = new LineRate(LINE_MS);
  private readonly skipLines = new LineRate(LINE_MS);

  /** Hot: events of the time of the subscription. */
  readonly events$ = new Observable<KafkaEvent>((subscriber) => {
    this.listen(1);
    const subscription = this.subject.subscribe(subscriber);
    return () => {
      subscription.unsubscribe();
      this.listen(-1);
    };
  });

  constructor(
    private readonly consumer: GroupConsumer,
    private readonly place: HandlerPlace,
    private readonly decoders: ReadonlyMap<Handler, Decode>,
    private readonly log: GroupLog,
  ) {
    consumer.listener = this.failures();
  }

  complete(): void {
    this.subject.complete();
  }

  private listen(change: 1 | -1): void {
    this.subscribers += change;
    this.consumer.listener = this.subscribers > 0 ? this.everything() : this.failures();
  }

  /** What a person must be able to find: a record that is given up, and one that fails again and again. */
  private failures(): GroupListener {
    const { log } = this;
    return {
      retried: (delivery, error) => this.warnRarely(this.retryLines, `${at(delivery)} failed in attempt ${delivery.attempt} and is tried again (${describeError(error)})`),
      skipped: (delivery, error) => {
        if (error instanceof KafkaSkipException) log.debug?.(`${at(delivery)} is skipped (${error.message})`);
        else this.warnRarely(this.skipLines, `${at(delivery)} failed in attempt ${delivery.attempt} and is skipped for good (${describeError(error)})`);
      },
      held: (delivery, error) => log.error(`${at(delivery)} failed in attempt ${delivery.attempt} and is held, uncommitted`, error),
      abandoned: (delivery, error) => log.error(`${at(delivery)} ignores its abort signal: the handler is abandoned and may still be running`, error),
    };
  }

  private warnRarely(lines: LineRate, line: string): void {
    const others = lines.next();
    if (others === null) this.log.debug?.(line);
    else this.log.warn(others === 0 ? line : `${line}; ${others} more since the last such line`);
  }

  private everything(): GroupListener {
    const { retried, skipped, held, abandoned } = this.failures();
    const failure = (type: 'retried' | 'skipped' | 'held' | 'abandoned', log: GroupListener[typeof type]) => (delivery: Delivery, error: unknown) => {
      log?.(delivery, error);
      this.emit({ type, record: this.recordOf(delivery), error, attempt: delivery.attempt });
    };
    return {
      assigned: (partitions, durationMs) => this.emit({ type: 'assigned', partitions: partitions.map(withoutOffset), durationMs }),
      revoked: (partitions, durationMs) => this.emit({ type: 'revoked', partitions: partitions.map(withoutOffset), durationMs }),
      lost: (partitions, durationMs) => this.emit({ type: 'lost', partitions: partitions.map(withoutOffset), durationMs }),
      processed: (delivery, durationMs) => this.emit({ type: 'processed', record: this.recordOf(delivery), durationMs }),
      failed: (delivery, error, final) => this.emit({ type: 'failed', record: this.recordOf(delivery), error, attempt: delivery.attempt, final }),
      retried: failure('retried', retried),
      skipped: failure('skipped', skipped),
      held: failure('held', held),
      abandoned: failure('abandoned', abandoned),
      committed: (offsets, durationMs) => this.emit({ type: 'committed', offsets: [...offsets], durationMs }),
      paused: ({ topic, partition }, reason) => this.emit({ type: 'paused', topic, partition, reason }),
      resumed: ({ topic, partition }, reason) => this.emit({ type: 'resumed', topic, partition, reason }),
      crashed: (error, restarting) => this.emit({ type: 'crashed', error, restarting }),
    };
  }

  private recordOf(delivery: Delivery): LazyRecord {
    return new LazyRecord(delivery, () => this.valueOf(delivery));
  }

  /** Decoded anew; the bytes where the codec is asynchronous, or fails. */
  private valueOf(delivery: Delivery): unknown {
    const decode = this.decoders.get(delivery.queue.handler.handler);
    const bytes = delivery.chunk.value(delivery.index);
    if (decode === undefined) return bytes;
    try {
      const value = new HandlerContext(delivery, this.place).decode(decode);
      if (!isLater(value)) return value;
      value.then(undefined, () => {});
      return bytes;
    } catch {
      return bytes;
    }
  }

  private emit(event: WithoutPlace<KafkaEvent>): void {
    this.subject.next({ ...this.place, ...event });
  }
}

type WithoutPlace<E> = E extends KafkaEvent ? Omit<E, keyof HandlerPlace> : never;

function withoutOffset<P extends { topic: string; partition: number; epoch: number }>({ topic, partition, epoch }: P): { topic: string; partition: number; epoch: number } {
  return { topic, partition, epoch };
}

function at({ topic, partition, offset }: Delivery): string {
  return `${topic}/${partition} offset ${offset}`;
}
