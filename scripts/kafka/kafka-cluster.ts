export type ClusterSize = 1 | 3;

export interface StartKafkaOptions {
  /** Three brokers replicate threefold with `min.insync.replicas=2`. @default 1 */
  brokers?: ClusterSize;
  /** Broker properties that win over ours, for example `{ 'log.segment.bytes': '1048576' }`. Ignored where KAFKA_BROKERS is set. */
  config?: Readonly<Record<string, string>>;
  /** Largest heap of each broker in MiB. @default 512 */
  heapMb?: number;
}

/** A running cluster. It ends with the process that started it, however that ends. */
export interface KafkaCluster {
  /** `host:port` of each broker; node 1 is the first. */
  readonly brokers: string[];
  /** Ends all brokers and removes their data. Brokers that KAFKA_BROKERS names are left alone. */
  stop(): Promise<void>;
  /** SIGKILL; its log stays for `start`. */
  kill(nodeId: number): Promise<void>;
  /** Starts a killed broker on its log and its port; resolves when it answers. */
  start(nodeId: number): Promise<void>;
  /** SIGSTOP: connections stay open, nothing answers. */
  pause(nodeId: number): Promise<void>;
  /** SIGCONT. */
  resume(nodeId: number): Promise<void>;
}
