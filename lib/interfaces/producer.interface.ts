import type { IHeaders } from 'kafkajs';

/** Not built yet. */
export interface KafkaOutgoing {
  key?: string | Buffer | null;
  value: unknown;
  headers?: IHeaders;
  partition?: number;
  timestampMs?: number;
}

/** Not built yet. */
export interface KafkaDeadLetterFilter {
  originTopic?: string;
  error?: string;
  key?: string;
  partition?: number;
  fromOffset?: number;
  toOffset?: number;
  since?: Date;
  until?: Date;
  limit?: number;
}
