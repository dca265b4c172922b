import type { PartitionQueue } from '../engine/partition-queue.js';
import { NO_KEY, type RecordChunk } from '../engine/record-chunk.js';
import type { LeaderLoop } from './leader-loop.js';
import type { FetchFault } from './wire.js';

/** Where fetching stands for one partition in one assignment. */
export class FetchPosition {
  /** Who fetches it; null while no broker is known to have it. */
  loop: LeaderLoop | null = null;
  /** The loop's request that asks for it: an answer to another one is not for this assignment. */
  request = 0;
  /** Where a chunk ends that has arrived and is about to be received; 0 without one. */
  ahead = 0;
  /** A replica that the leader asked to be read from instead. */
  replica: { readonly node: number; readonly untilMs: number } | null = null;
  notBeforeMs = -Infinity;
  /** Answers with a fault in a row. */
  failures = 0;
  /** How often in a row the leader said that the log ends before the position. */
  beyondEnd = 0;
  fault: { readonly fault: FetchFault; readonly reason: string } | null = null;
  /** The offset after the last one that can be read; null before the first answer. */
  endOffset: number | null = null;

  constructor(readonly queue: PartitionQueue) {}

  get name(): string {
    return `${this.queue.topic}/${this.queue.partition}`;
  }
  /** The next offset to ask for. */
  get offset(): number {
    return Math.max(this.queue.position, this.ahead);
  }
}

/** A stretch that the log does not have any more: nothing in it will ever be delivered. */
export function gapChunk(topic: string, partition: number, from: number, to: number): RecordChunk {
  const none = (): never => {
    throw new RangeError(`${topic}/${partition} has no records from ${from} to ${to}`);
  };
  return {
    topic,
    partition,
    from,
    to,
    count: 0,
    bytes: 0,
    offset: none,
    keyHash: () => NO_KEY,
    key: none,
    value: none,
    text: none,
    headers: none,
    timestampMs: none,
    attributes: none,
    copy: none,
  };
}
