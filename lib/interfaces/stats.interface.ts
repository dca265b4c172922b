/** Numbers of one group in this process. Counts begin at 0 when the process starts. */
export interface KafkaConsumerStats {
  connection: string;
  groupId: string;
  state: 'stopped' | 'starting' | 'running' | 'rebalancing' | 'draining' | 'failed';
  memberIds: string[];
  /** Records taken from the broker and not dropped as complete already. */
  consumedCount: number;
  /** Records whose handler succeeded. */
  processedCount: number;
  /** Attempts that failed. */
  failedCount: number;
  /** Records that acknowledged commits cover. */
  committedCount: number;
  /** Attempts beyond the first. */
  retriedCount: number;
  deadLetteredCount: number;
  skippedCount: number;
  /** Records that are held now. */
  heldCount: number;
  /** Records dropped because they were complete, or in memory, already. */
  duplicatesDropped: number;
  /** Handlers that were given up after their grace. */
  abandonedCount: number;
  /** Handlers running. */
  inFlight: number;
  /** Records in memory, waiting or running. */
  buffered: number;
  /** Most handlers in flight. */
  concurrency: number;
  rebalanceCount: number;
  partitions: KafkaPartitionStats[];
}

/** Numbers of one partition that this process owns. */
export interface KafkaPartitionStats {
  topic: string;
  partition: number;
  /** Assignments of this partition to this process so far, and its seeks, from 1. */
  epoch: number;
  /** Next offset to consume, as Kafka has it; −1 without a commit. */
  committedOffset: number;
  /** Next offset to consume, as it could be committed now: the first that is not complete. */
  committableOffset: number;
  highestReceivedOffset: number;
  /** Received and not complete. */
  pendingCount: number;
  /** Complete above `committableOffset`. */
  completedAheadCount: number;
  oldestPendingOffset: number | null;
  /** Since it began to run, or its last sign of life; since it arrived, where it waits. */
  oldestPendingAgeMs: number | null;
  paused: false | 'buffer' | 'user' | 'held' | 'drain';
  /** From the last fetch; null before the first. */
  lag: number | null;
}

/** How far the commits of a group are behind in one partition, as the brokers tell it. */
export interface KafkaLag {
  groupId: string;
  topic: string;
  partition: number;
  /** Next offset to consume, as Kafka has it; −1 without a commit. */
  committedOffset: number;
  /** The offset after the last one that the group can read: under 'read_committed' the last stable offset, else the high watermark. */
  endOffset: number;
  /** `endOffset` − `committedOffset`; without a commit it counts from where the group would start. */
  lag: number;
  /** Offsets above the first that is not complete which need no delivery any more; null for partitions that this process has not. */
  completedAhead: number | null;
}

/** Not built yet. */
export interface KafkaFinding {
  type: string;
  severity: 'info' | 'warning' | 'critical';
  groupId: string;
  message: string;
  suggestions: string[];
  topic?: string;
  partition?: number;
  offset?: number;
}
