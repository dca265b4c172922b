import { type Delivery, DeliveryState } from './delivery.js';
import type { RecordChunk } from './record-chunk.js';
import { RetainedChunk } from './retained-chunk.js';

/** The group's fetch buffers. */
export interface Buffers {
  retainedBytes: number;
  releaseBytes(bytes: number): void;
}

/** Which chunks of a partition are alive: those with a record that is, and those that are still being taken. */
export class Retention {
  /** Chunks that are alive. */
  chunks = 0;

  constructor(private readonly buffers: Buffers) {}

  /** A chunk counts as alive itself until the last of its records has been taken. */
  retain(chunk: RecordChunk, nowMs: number): RetainedChunk {
    const retained = new RetainedChunk(chunk, nowMs);
    retained.live = 1;
    this.chunks++;
    this.buffers.retainedBytes += chunk.bytes;
    return retained;
  }

  /** Every record of the chunk is taken, or never will be. `newest` is the last one that is listed. */
  taken(retained: RetainedChunk, newest: Delivery | null): void {
    retained.live--;
    if (retained.live === 0) return this.letGo(retained);
    if (retained.live > 1) return;
    let last = newest;
    while (last !== null && !keepsAlive(last, retained)) last = last.previous;
    if (last !== null) this.detach(last);
  }

  /** A record's bytes are not needed any more. The last but one of a chunk leaves a copy of the last behind. */
  release(delivery: Delivery): void {
    const { retained } = delivery;
    retained.live--;
    if (retained.live === 0) return this.letGo(retained);
    if (retained.live > 1) return;
    const { previous, next } = delivery;
    if (previous !== null && keepsAlive(previous, retained)) this.detach(previous);
    else if (next !== null && keepsAlive(next, retained)) this.detach(next);
  }

  /** Copies the record out of its chunk, so that it keeps nothing else alive. */
  detach(delivery: Delivery): void {
    const { retained } = delivery;
    if (retained.chunk.count === 1) return;
    const copy = this.retain(retained.chunk.copy(delivery.index), retained.receivedAtMs);
    this.release(delivery);
    delivery.retained = copy;
    delivery.index = 0;
  }

  private letGo(retained: RetainedChunk): void {
    this.chunks--;
    this.buffers.releaseBytes(retained.chunk.bytes);
  }
}

function keepsAlive(delivery: Delivery, retained: RetainedChunk): boolean {
  return delivery.retained === retained && delivery.state !== DeliveryState.DROPPED;
}
