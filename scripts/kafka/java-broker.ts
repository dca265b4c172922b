import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Writable } from 'node:stream';
import type { KafkaInstall } from './kafka-install.js';
import { projectFolder } from './project-folder.js';

export interface JavaBrokerOptions {
  readonly nodeId: number;
  readonly address: string;
  readonly clusterId: string;
  /** Data of the whole cluster: removed by whoever outlives the others. */
  readonly clusterFolder: string;
  readonly properties: (logFolder: string) => string;
  readonly heapMb: number;
}

/** One broker process and its folder, which outlives the process. */
export class JavaBroker {
  private process?: ChildProcess;
  private exit: Promise<void> = Promise.resolve();

  constructor(
    private readonly install: KafkaInstall,
    readonly options: JavaBrokerOptions,
  ) {}

  get running(): boolean {
    return this.process !== undefined;
  }

  /** What the broker wrote last: the reason, when it does not come up. */
  get output(): string {
    return readFileSync(this.outputFile, 'utf8').split('\n').slice(-30).join('\n');
  }

  /** Writes the properties and the formatted storage of a broker that never ran. */
  async prepare(): Promise<void> {
    const { nodeId, clusterId } = this.options;
    await mkdir(this.folder, { recursive: true });
    await cp(this.install.storage, this.logFolder, { recursive: true });
    const identity = { version: 1, 'cluster.id': clusterId, 'node.id': nodeId, 'directory.id': kafkaUuid() };
    await writeFile(join(this.logFolder, 'meta.properties'), Object.entries(identity).map(([name, value]) => `${name}=${value}\n`).join(''));
    await writeFile(this.propertiesFile, this.options.properties(this.logFolder));
  }

  launch(): void {
    if (this.process) throw new Error(`Broker ${this.options.nodeId} is running already.`);
    const output = openSync(this.outputFile, 'a');
    const scripts = join(projectFolder(), 'scripts', 'kafka');
    const { java, libs } = this.install;
    const memory = [`-Xmx${this.options.heapMb}m`, '-XX:+UseSerialGC'];
    const logging = [`-Dlog4j2.configurationFile=${join(scripts, 'log4j2.xml')}`];
    const command = [java, ...memory, ...logging, '-cp', join(libs, '*'), 'kafka.Kafka', this.propertiesFile];
    // Detached: a Ctrl-C in the terminal is for us alone, we stop the broker ourselves.
    const child = spawn('sh', [join(scripts, 'broker-guard.sh'), this.options.clusterFolder, ...command], {
      stdio: ['pipe', output, output],
      detached: true,
    });
    closeSync(output);
    this.process = child;
    this.exit = new Promise(resolve => {
      child.once('exit', () => {
        this.process = undefined;
        child.stdin?.end('done\n');
        resolve();
      });
    });
    child.stdin?.on('error', () => undefined); // a guard that is gone needs no word
    // Whoever forgets to stop the cluster can still end: the guard then stops it.
    child.unref();
    unrefPipe(child);
  }

  /** @returns whether there was a process to send it to. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): boolean {
    return this.process?.kill(name) ?? false;
  }

  async kill(): Promise<void> {
    this.process?.ref();
    this.signal('SIGKILL');
    await this.exit;
  }

  private get folder(): string {
    return join(this.options.clusterFolder, `broker-${this.options.nodeId}`);
  }
  private get logFolder(): string {
    return join(this.folder, 'log');
  }
  private get propertiesFile(): string {
    return join(this.folder, 'server.properties');
  }
  private get outputFile(): string {
    return join(this.folder, 'output.txt');
  }
}

function unrefPipe(child: ChildProcess): void {
  const pipe: (Writable & { unref?(): void }) | null = child.stdin;
  pipe?.unref?.();
}

/** 16 random bytes as Kafka writes its ids; some of its tools take a leading dash for an option. */
export function kafkaUuid(): string {
  const id = randomBytes(16).toString('base64url');
  return id.startsWith('-') ? kafkaUuid() : id;
}
