import { type BrokerClock, SystemClock } from './clock.js';
import { Cluster, type ClusterSettings } from './cluster.js';
import { FaultList } from './faults/fault-list.js';
import { RequestHistory } from './faults/request-history.js';
import type { Node } from './nodes.js';
import { BrokerServer } from './server/broker-server.js';
import type { Partition } from './topics/partition.js';

/**
 * A cluster with its servers: what starts, stops and moves. Every change of who lives is told to the partitions and the groups
 * at once; a real cluster takes some seconds for it.
 */
export class EmbeddedCluster {
  readonly cluster: Cluster;
  readonly faults: FaultList;
  readonly history = new RequestHistory();
  /** What handlers threw: defects of this broker. */
  readonly defects: unknown[] = [];
  private readonly servers: readonly BrokerServer[];

  private constructor(
    settings: ClusterSettings,
    private readonly clock: BrokerClock & { stop(): void },
  ) {
    this.cluster = new Cluster(settings, clock);
    this.faults = new FaultList(clock);
    const { cluster, faults, history } = this;
    this.servers = cluster.nodes.map(node => new BrokerServer({ cluster, node, faults, history, defect: error => void this.defects.push(error) }));
  }

  /** Listens on `port` and those above it; on any that are free where it is 0. @throws where one is taken. */
  static async start(settings: ClusterSettings, port: number): Promise<EmbeddedCluster> {
    const started = new EmbeddedCluster(settings, new SystemClock());
    try {
      for (const [index, server] of started.servers.entries()) await server.listen(port === 0 ? 0 : port + index);
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  }

  async stop(): Promise<void> {
    await Promise.all(this.servers.map(server => server.close()));
    this.clock.stop();
  }

  async stopNode(node: Node): Promise<void> {
    await this.rearranged(() => this.serverOf(node).close());
  }

  async startNode(node: Node): Promise<void> {
    if (!node.alive) await this.rearranged(() => this.serverOf(node).listen(node.port));
  }

  /** @throws Error unless the broker lives and has a replica. */
  moveLeader(partition: Partition, node: Node): void {
    const name = `${partition.topic.name}/${partition.index}`;
    if (!node.alive) throw new Error(`Broker ${node.id} cannot lead ${name}: it is stopped.`);
    if (!partition.replicas.includes(node)) throw new Error(`Broker ${node.id} cannot lead ${name}: its replicas are on ${partition.replicas.map(({ id }) => id).join(', ')}.`);
    partition.lead(node);
  }

  /** Who lives changes: leaders are elected, and groups learn that they have another coordinator. */
  private async rearranged(change: () => Promise<void>): Promise<void> {
    const { groups, topics } = this.cluster;
    const before = new Map(groups.list().map(({ groupId }) => [groupId, this.cluster.coordinatorOf('group', groupId)]));
    await change();
    for (const partition of topics.partitions()) partition.elect();
    for (const [groupId, node] of before) {
      const next = this.cluster.coordinatorOf('group', groupId);
      if (next === null) groups.coordinatorLost(groupId);
      else if (next !== node) groups.coordinatorMoved(groupId);
    }
  }

  private serverOf(node: Node): BrokerServer {
    const server = this.servers.find(({ host }) => host.node === node);
    if (server === undefined) throw new Error(`There is no broker ${node.id}.`);
    return server;
  }
}
