import type { Partitioner } from './partitioner.js';

/** Of one producer; durations are milliseconds. */
export interface ProducerSettings {
  /** How errors and log lines call it. */
  readonly name: string;
  readonly isIdempotent: boolean;
  readonly partitioner: Partitioner;
  /** From the call to the acknowledgement. A request that is under way by then is waited for. */
  readonly deliveryTimeoutMs: number;
  readonly retry: RetrySettings;
  readonly metadataMaxAgeMs: number;
  /** Nothing more is taken while so much waits already. */
  readonly bufferBytes: number;
}

export interface RetrySettings {
  /** Of a batch that nobody has acknowledged. */
  readonly retries: number;
  readonly initialMs: number;
  readonly multiplier: number;
  readonly maxMs: number;
  /** A pause varies by this part of it, up and down. */
  readonly factor: number;
}

export function pauseMs({ initialMs, multiplier, maxMs, factor }: RetrySettings, failures: number): number {
  const pause = Math.min(maxMs, initialMs * multiplier ** Math.min(failures - 1, 50));
  return pause * (1 + factor * (2 * Math.random() - 1));
}
