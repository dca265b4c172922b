import type { Delivery } from './delivery.js';
import type { Suspension } from './flow.js';
import type { PartitionQueue } from './partition-queue.js';
import type { RecordChunk } from './record-chunk.js';

export interface EngineLimits {
  /** Handlers in flight at once. */
  readonly concurrency: number;
  /** Records of a partition that wait or run. */
  readonly recordsPerPartition: number;
  /** Fetch buffers kept alive, over all partitions. */
  readonly bytes: number;
  /** Records of a chunk that become deliveries at a time; set by tests that want small ones. */
  readonly sliceRecords?: number;
}

/** What the engine needs from its surroundings; it reaches for nothing itself. */
export interface EngineHost {
  /** Monotonic milliseconds. */
  now(): number;
  /** Call `tick` at this time; replaces an earlier wish. */
  wakeAt(dueMs: number): void;
  /** A partition that had no room may be fetched again. */
  roomAppeared(): void;
  /** A handler's record asked for the group to stop. */
  stopRequested(delivery: Delivery, error: unknown): void;
  /** The error of an attempt that outlived its timeout. */
  timeoutError(delivery: Delivery, timeoutMs: number): Error;
  /** Run this after the event loop has turned. */
  later(work: () => void): void;
}

/** Called for what happens, where somebody listens. */
export interface EngineListener {
  arrived?(queue: PartitionQueue, chunk: RecordChunk): void;
  /** It was complete or in flight already, and is not delivered. */
  dropped?(queue: PartitionQueue, offset: number): void;
  started?(delivery: Delivery): void;
  processed?(delivery: Delivery, durationMs: number): void;
  failed?(delivery: Delivery, error: unknown, final: boolean): void;
  retried?(delivery: Delivery, error: unknown): void;
  skipped?(delivery: Delivery, error: unknown): void;
  held?(delivery: Delivery, error: unknown): void;
  abandoned?(delivery: Delivery, error: unknown): void;
  paused?(queue: PartitionQueue, reason: 'buffer' | Suspension): void;
  resumed?(queue: PartitionQueue, reason: 'buffer' | Suspension): void;
}
