export interface OwnerSettings {
  readonly brokers: readonly string[];
  readonly groupId: string;
  readonly topics: readonly string[];
}

/** What the process that owns the partitions answers whenever it is asked. */
export interface OwnerReport {
  /** Partitions that it fetches. */
  readonly owned: number;
  readonly handled: number;
  /** Microseconds of CPU time since it began, all threads. */
  readonly cpuUs: number;
  readonly residentMb: number;
}
