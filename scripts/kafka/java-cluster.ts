import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type BrokerPorts, brokerProperties } from './broker-properties.js';
import { freePorts } from './free-ports.js';
import { JavaBroker, kafkaUuid } from './java-broker.js';
import type { KafkaCluster, StartKafkaOptions } from './kafka-cluster.js';
import { installKafka, type KafkaInstall } from './kafka-install.js';
import { untilReady } from './readiness.js';

const READY_WITHIN_MS = 60_000;
const TRIES = 3;

/** Brokers as Java processes of this machine. */
export async function startJavaCluster(java: string, options: StartKafkaOptions): Promise<KafkaCluster> {
  const install = await installKafka(java);
  for (let attempt = 1; ; attempt++) {
    const cluster = await JavaCluster.prepare(install, options);
    try {
      await cluster.startAll();
      return cluster;
    } catch (error) {
      await cluster.stop();
      // Most likely another process took one of the ports in between; new ones are drawn.
      if (attempt === TRIES) throw error;
    }
  }
}

class JavaCluster implements KafkaCluster {
  readonly brokers: string[];

  private constructor(
    private readonly folder: string,
    private readonly members: readonly JavaBroker[],
  ) {
    this.brokers = members.map(member => member.options.address);
  }

  static async prepare(install: KafkaInstall, { brokers: size = 1, config = {}, heapMb = 512 }: StartKafkaOptions): Promise<JavaCluster> {
    const clusterFolder = await mkdtemp(join(tmpdir(), 'kafka-'));
    const clusterId = kafkaUuid();
    const drawn = await freePorts(2 * size);
    const ports: BrokerPorts[] = drawn.slice(0, size).map((client, index) => ({ client, controller: drawn[size + index] ?? 0 }));
    const members = ports.map(({ client }, index) => {
      const nodeId = index + 1;
      const properties = (logFolder: string): string => brokerProperties(nodeId, ports, logFolder, config);
      return new JavaBroker(install, { nodeId, address: `127.0.0.1:${client}`, clusterId, clusterFolder, properties, heapMb });
    });
    await Promise.all(members.map(member => member.prepare()));
    return new JavaCluster(clusterFolder, members);
  }

  async startAll(): Promise<void> {
    for (const member of this.members) member.launch();
    await Promise.all(this.members.map(member => this.ready(member, this.members.length)));
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(member => member.kill()));
    await rm(this.folder, { recursive: true, force: true, maxRetries: 5 });
  }

  async kill(nodeId: number): Promise<void> {
    await this.running(nodeId).kill();
  }

  async start(nodeId: number): Promise<void> {
    const member = this.member(nodeId);
    member.launch();
    await this.ready(member, 1);
  }

  async pause(nodeId: number): Promise<void> {
    this.running(nodeId).signal('SIGSTOP');
  }

  async resume(nodeId: number): Promise<void> {
    this.running(nodeId).signal('SIGCONT');
  }

  private member(nodeId: number): JavaBroker {
    const member = this.members[nodeId - 1];
    if (!member) throw new Error(`There is no broker ${nodeId}: the cluster has brokers 1 to ${this.members.length}.`);
    return member;
  }

  private running(nodeId: number): JavaBroker {
    const member = this.member(nodeId);
    if (!member.running) throw new Error(`Broker ${nodeId} is not running: start(${nodeId}) first.`);
    return member;
  }

  private ready(member: JavaBroker, brokers: number): Promise<void> {
    const { address, clusterId, nodeId } = member.options;
    const alive = (): void => {
      if (!member.running) throw new Error(`Broker ${nodeId} ended while it was starting. Its last lines:\n${member.output}`);
    };
    return untilReady({ address, clusterId, brokers, withinMs: READY_WITHIN_MS, alive });
  }
}
