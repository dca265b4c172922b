import type { KafkaRecord } from './record.interface.js';

interface KafkaEventBase {
  connection: string;
  groupId: string;
}
interface KafkaPartitionsEvent {
  partitions: { topic: string; partition: number; epoch: number }[];
  durationMs: number;
}
interface KafkaFailureEvent {
  record: KafkaRecord;
  error: unknown;
  attempt: number;
}
interface KafkaFlowEvent {
  topic: string;
  partition: number;
  reason: 'buffer' | 'user' | 'held' | 'drain';
}

/** What happens to a group in this process. Events cost nothing while nobody listens. */
export type KafkaEvent = KafkaEventBase &
  (
    | ({ type: 'assigned' } & KafkaPartitionsEvent)
    | ({ type: 'revoked' } & KafkaPartitionsEvent)
    | ({ type: 'lost' } & KafkaPartitionsEvent)
    | { type: 'processed'; record: KafkaRecord; durationMs: number }
    | ({ type: 'failed'; final: boolean } & KafkaFailureEvent)
    | ({ type: 'retried' } & KafkaFailureEvent)
    | ({ type: 'dead-lettered' } & KafkaFailureEvent)
    | ({ type: 'skipped' } & KafkaFailureEvent)
    | ({ type: 'held' } & KafkaFailureEvent)
    | ({ type: 'abandoned' } & KafkaFailureEvent)
    | { type: 'committed'; offsets: { topic: string; partition: number; offset: number }[]; durationMs: number }
    | ({ type: 'paused' } & KafkaFlowEvent)
    | ({ type: 'resumed' } & KafkaFlowEvent)
    | { type: 'crashed'; error: unknown; restarting: boolean }
  );

/** The event of one type. */
export type KafkaEventOf<T extends KafkaEvent['type']> = Extract<KafkaEvent, { type: T }>;
