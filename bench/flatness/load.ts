/** What the engine is loaded with while the cost of a record is measured. */
export interface Load {
  /** Handlers in flight. */
  readonly inFlight: number;
  /** Records that are held before the others come, and stay incomplete below all of them. */
  readonly holes: number;
  readonly keys: number;
  readonly partitions: number;
}

/** Answer of a measuring process. */
export interface Cost {
  /** Microseconds of CPU time, all threads, per record. */
  readonly cpuUs: number;
  readonly peakRssMb: number;
}
