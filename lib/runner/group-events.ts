import { Observable, Subject } from 'rxjs';
import type { GroupConsumer, GroupListener, GroupLog } from '../consumer/group-consumer.js';
import type { Delivery } from '../engine/delivery.js';
import type { Handler } from '../engine/handler.js';
import { isLater } from '../discovery/codecs.js';
import { type Decode, HandlerContext, type HandlerPlace } from '../discovery/handler-context.js';
import { LazyRecord } from '../discovery/lazy-record.js';
import type { KafkaEvent } from '../interfaces/index.js';
import { recordLog } from './record-log.js';

/** Tells the log of failures, and whoever subscribes of everything. What nobody listens to is not built. */
export class GroupEvents {
  private readonly subject = new Subject<KafkaEvent>();
  private subscribers = 0;
  private readonly lines: GroupListener;

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
    log: GroupLog,
  ) {
    this.lines = recordLog(log);
    consumer.listener = this.lines;
  }

  complete(): void {
    this.subject.complete();
  }

  private listen(change: 1 | -1): void {
    this.subscribers += change;
    this.consumer.listener = this.subscribers > 0 ? this.everything() : this.lines;
  }

  private everything(): GroupListener {
    const { lines } = this;
    const failure = (type: 'retried' | 'skipped' | 'held' | 'abandoned') => (delivery: Delivery, error: unknown) => {
      lines[type]?.(delivery, error);
      this.emit({ type, record: this.recordOf(delivery), error, attempt: delivery.attempt });
    };
    return {
      ...lines,
      assigned: (partitions, durationMs) => this.emit({ type: 'assigned', partitions: partitions.map(withoutOffset), durationMs }),
      revoked: (partitions, durationMs) => this.emit({ type: 'revoked', partitions: partitions.map(withoutOffset), durationMs }),
      lost: (partitions, durationMs) => this.emit({ type: 'lost', partitions: partitions.map(withoutOffset), durationMs }),
      processed: (delivery, durationMs) => {
        lines.processed?.(delivery, durationMs);
        this.emit({ type: 'processed', record: this.recordOf(delivery), durationMs });
      },
      failed: (delivery, error, final) => this.emit({ type: 'failed', record: this.recordOf(delivery), error, attempt: delivery.attempt, final }),
      retried: failure('retried'),
      skipped: failure('skipped'),
      held: failure('held'),
      abandoned: failure('abandoned'),
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
