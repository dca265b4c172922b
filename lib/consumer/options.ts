/** Options of one group with every default applied. What is optional in the public types is decided before this point. */
export interface GroupOptions {
  readonly connection: string;
  readonly groupId: string;
  /** Handlers in flight at once, over all members and partitions of this process. */
  readonly concurrency: number;
  readonly members: number;
  readonly buffer: { readonly recordsPerPartition: number; readonly bytes: number };
  readonly commit: { readonly strategy: 'auto' | 'batch' | 'immediate'; readonly intervalMs: number; readonly records: number; readonly offsetMap: boolean };
  readonly rebalance: { readonly protocol: 'cooperative' | 'eager'; readonly assignment: 'range' | 'round-robin' | 'sticky'; readonly drainTimeoutMs: number };
  readonly fromBeginning: boolean;
  readonly isolation: 'read_committed' | 'read_uncommitted';
  readonly fetch: { readonly minBytes: number; readonly maxBytes: number; readonly maxBytesPerPartition: number; readonly maxWaitMs: number };
  readonly sessionTimeoutMs: number;
  readonly heartbeatIntervalMs: number;
  readonly rebalanceTimeoutMs: number;
  /** How long metadata may age before topics are looked at again for new partitions. */
  readonly metadataMaxAgeMs: number;
  readonly missingTopics: 'throw' | 'wait';
}
