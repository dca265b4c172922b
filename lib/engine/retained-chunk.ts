import type { RecordChunk } from './record-chunk.js';

/** A chunk and how many of its records still live: its buffers count once, as long as one of them does. */
export class RetainedChunk {
  live = 0;
  constructor(
    readonly chunk: RecordChunk,
    /** Monotonic. */
    readonly receivedAtMs: number,
  ) {}
}
