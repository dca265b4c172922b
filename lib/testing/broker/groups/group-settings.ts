export interface GroupSettings {
  /** `group.min.session.timeout.ms` and `group.max.session.timeout.ms` of a broker. */
  readonly minSessionTimeoutMs: number;
  readonly maxSessionTimeoutMs: number;
  /** How long an empty group waits for further members after the first one has joined, each time one more comes. */
  readonly initialRebalanceDelayMs: number;
  /** UTF-16 units. */
  readonly maxOffsetMetadata: number;
  /** What one commit may take as records of the offsets topic. */
  readonly maxCommitBytes: number;
}

/** Kafka's defaults, but for the two that make tests wait: no initial delay, and sessions as short as a test likes. */
export const GROUP_SETTINGS: GroupSettings = {
  minSessionTimeoutMs: 1,
  maxSessionTimeoutMs: 1_800_000,
  initialRebalanceDelayMs: 0,
  maxOffsetMetadata: 4096,
  maxCommitBytes: 1_048_588,
};
