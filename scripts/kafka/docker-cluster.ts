import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { clusterProperties } from './broker-properties.js';
import { freePorts } from './free-ports.js';
import { kafkaUuid } from './java-broker.js';
import type { ClusterSize, KafkaCluster, StartKafkaOptions } from './kafka-cluster.js';
import { untilReady } from './readiness.js';

const READY_WITHIN_MS = 120_000;
const run = promisify(execFile);

/** `true`, or what is wrong. */
export async function dockerAnswers(): Promise<true | string> {
  return run('docker', ['version', '--format', '{{.Server.Version}}'], { timeout: 10_000 }).then(
    () => true as const,
    () => 'no Docker engine (`docker version` fails)',
  );
}

/** Brokers in containers of Apache's own image, on a network of their own. */
export async function startDockerCluster(version: string, { brokers: size = 1, config = {}, heapMb = 512 }: StartKafkaOptions): Promise<KafkaCluster> {
  const network = `kafka-${process.pid}-${Date.now()}`;
  const clusterId = kafkaUuid();
  const ports = await freePorts(size);
  const names = ports.map((_, index) => `${network}-${index + 1}`);
  const guard = removeWithUs(network, names);
  const cluster = new DockerCluster(network, clusterId, ports, names, guard);
  try {
    await run('docker', ['network', 'create', network]);
    for (const [index, port] of ports.entries()) {
      const variables = { ...environment(index + 1, port, names, size, config), CLUSTER_ID: clusterId, KAFKA_HEAP_OPTS: `-Xmx${heapMb}m` };
      const flags = Object.entries(variables).flatMap(([name, value]) => ['-e', `${name}=${value}`]);
      const place = ['--name', `${network}-${index + 1}`, '--network', network, '-p', `127.0.0.1:${port}:${port}`];
      await run('docker', ['run', '-d', ...place, ...flags, `apache/kafka:${version}`]);
    }
    await Promise.all(ports.map((_, index) => cluster.ready(index + 1, size)));
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}

/** The image turns KAFKA_SOME_NAME into some.name. Clients come by the published port, brokers by the containers' names. */
function environment(nodeId: number, port: number, names: readonly string[], size: ClusterSize, config: Readonly<Record<string, string>>): Record<string, string> {
  const properties: Record<string, string | number | boolean> = {
    'process.roles': 'broker,controller',
    'node.id': nodeId,
    'controller.quorum.voters': names.map((name, index) => `${index + 1}@${name}:9093`).join(','),
    'controller.listener.names': 'CONTROLLER',
    listeners: `PLAINTEXT://0.0.0.0:${port},INTERNAL://0.0.0.0:9092,CONTROLLER://0.0.0.0:9093`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${port},INTERNAL://${names[nodeId - 1]}:9092`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'inter.broker.listener.name': 'INTERNAL',
    ...clusterProperties(size),
    ...config,
  };
  const variable = (name: string): string => `KAFKA_${name.toUpperCase().replaceAll('.', '_')}`;
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [variable(name), String(value)]));
}

/** Containers outlive the process that started them, unless somebody outside of it takes care: a shell that reads a pipe from us. */
function removeWithUs(network: string, names: readonly string[]): ChildProcess {
  const script = 'read -r word; [ "$word" = done ] && exit; network=$1; shift; docker rm -f -v "$@"; docker network rm "$network"';
  const guard = spawn('sh', ['-c', script, 'guard', network, ...names], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  guard.unref();
  return guard;
}

class DockerCluster implements KafkaCluster {
  readonly brokers: string[];

  constructor(
    private readonly network: string,
    private readonly clusterId: string,
    ports: readonly number[],
    private readonly names: readonly string[],
    private readonly guard: ChildProcess,
  ) {
    this.brokers = ports.map(port => `127.0.0.1:${port}`);
  }

  async stop(): Promise<void> {
    await run('docker', ['rm', '-f', '-v', ...this.names]).catch(() => undefined);
    await run('docker', ['network', 'rm', this.network]).catch(() => undefined);
    this.guard.stdin?.end('done\n');
  }

  async kill(nodeId: number): Promise<void> {
    await run('docker', ['kill', this.name(nodeId)]);
  }

  async start(nodeId: number): Promise<void> {
    await run('docker', ['start', this.name(nodeId)]);
    await this.ready(nodeId, 1);
  }

  async pause(nodeId: number): Promise<void> {
    await run('docker', ['pause', this.name(nodeId)]);
  }

  async resume(nodeId: number): Promise<void> {
    await run('docker', ['unpause', this.name(nodeId)]);
  }

  async ready(nodeId: number, brokers: number): Promise<void> {
    const address = this.brokers[nodeId - 1] ?? '';
    await untilReady({ address, clusterId: this.clusterId, brokers, withinMs: READY_WITHIN_MS });
  }

  private name(nodeId: number): string {
    const name = this.names[nodeId - 1];
    if (!name) throw new Error(`There is no broker ${nodeId}: the cluster has brokers 1 to ${this.names.length}.`);
    return name;
  }
}
