/** What one process is asked to measure. */
export interface RunSettings {
  readonly contender: string;
  readonly workload: 'sleep' | 'nothing' | 'latency' | 'blocked';
  readonly brokers: readonly string[];
  readonly topic: string;
  readonly groupId: string;
  readonly concurrency: number;
  /** Records to handle, where the workload ends by their number. */
  readonly records: number;
}

/** What it answers. */
export interface Figures {
  /** Records per second. */
  readonly rate: number;
  readonly records: number;
  readonly seconds: number;
  /** Microseconds of CPU time, all threads of the process, per record. */
  readonly cpuUs: number;
  readonly peakRssMb: number;
  readonly mostInFlight: number;
  /** Milliseconds from produce to handler; under 'latency' only. */
  readonly p50?: number;
  readonly p99?: number;
}

/** A message of the measuring process. `first`: a record has arrived. */
export type Report = { readonly kind: 'first' } | { readonly kind: 'figures'; readonly figures: Figures };

/** Payload of the latency workload. */
export interface Stamped {
  /** Nanoseconds of the machine's monotonic clock, which processes share. */
  readonly sentNs: string;
  readonly phase: 'warm-up' | 'measured' | 'last';
  readonly padding: string;
}

export const HANDLER_MS = 10;
export const BLOCKED_MS = 10_000;
export const BLOCKED_CALL = 200;
