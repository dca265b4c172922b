import type { ClusterSize } from './kafka-cluster.js';

export interface BrokerPorts {
  readonly client: number;
  readonly controller: number;
}

/** Properties of one broker, tuned for tests: quick groups, quick fencing, little memory, nothing created by accident. */
export function brokerProperties(nodeId: number, ports: readonly BrokerPorts[], logFolder: string, overrides: Readonly<Record<string, string>>): string {
  const own = ports[nodeId - 1];
  if (!own) throw new Error(`There is no broker ${nodeId}: the cluster has brokers 1 to ${ports.length}.`);
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': ports.map((each, index) => `${index + 1}@127.0.0.1:${each.controller}`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://127.0.0.1:${own.client},CONTROLLER://127.0.0.1:${own.controller}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${own.client}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dirs': logFolder,
    ...clusterProperties(ports.length === 3 ? 3 : 1),
    ...overrides,
  };
  return Object.entries(properties).map(([name, value]) => `${name}=${value}\n`).join('');
}

/** What brokers in containers get as well. */
export function clusterProperties(size: ClusterSize): Record<string, string | number | boolean> {
  const replicas = size;
  const inSync = size === 3 ? 2 : 1;
  return {
    'default.replication.factor': replicas,
    'min.insync.replicas': inSync,
    'offsets.topic.replication.factor': replicas,
    'offsets.topic.num.partitions': 4,
    'transaction.state.log.replication.factor': replicas,
    'transaction.state.log.min.isr': inSync,
    'transaction.state.log.num.partitions': 4,
    'share.coordinator.state.topic.replication.factor': replicas,
    'share.coordinator.state.topic.min.isr': inSync,
    'share.coordinator.state.topic.num.partitions': 1,
    'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
    'auto.create.topics.enable': false,
    'group.initial.rebalance.delay.ms': 0,
    'group.min.session.timeout.ms': 100,
    // A killed broker is fenced after 6 s instead of 9.
    'broker.session.timeout.ms': 6000,
    'broker.heartbeat.interval.ms': 1000,
    // The default reserves 128 MiB of the heap for compaction.
    'log.cleaner.dedupe.buffer.size': 8_388_608,
    'log.cleaner.backoff.ms': 500,
    'num.network.threads': 2,
    'num.io.threads': 4,
  };
}
