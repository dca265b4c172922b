/**
 * Proof of membership of one group member. Nothing of its partitions starts at or after `untilMs`: a process that was frozen
 * must not go on, on waking, with records that somebody else owns by now.
 */
export interface Lease {
  /** Monotonic; −Infinity while the member may start nothing. */
  untilMs: number;
}
