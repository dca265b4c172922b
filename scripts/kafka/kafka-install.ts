import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { brokerProperties } from './broker-properties.js';
import { projectFolder } from './project-folder.js';

export const KAFKA_VERSION = '4.1.1';
const OLDEST_JAVA = 17;
const run = promisify(execFile);

/** Jars of a broker, and the files that formatting its storage leaves (the same for every cluster but for the ids). */
export interface KafkaInstall {
  readonly java: string;
  readonly libs: string;
  readonly storage: string;
}

/** Java and Maven are here; a string says what is missing. */
export async function javaToolchain(): Promise<{ java: string } | string> {
  const java = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin', 'java') : 'java';
  const version = await run(java, ['-version']).catch(() => undefined);
  if (!version) return `no Java (\`${java} -version\` fails)`;
  const major = Number(/version "(\d+)/.exec(version.stderr)?.[1] ?? 0);
  if (major < OLDEST_JAVA) return `Java ${major} is too old, Kafka ${KAFKA_VERSION} needs ${OLDEST_JAVA}`;
  if (existsSync(join(cacheFolder(), 'libs'))) return { java };
  const maven = await run('mvn', ['-v']).catch(() => undefined);
  return maven ? { java } : 'no Maven (`mvn -v` fails)';
}

/** Downloads Kafka once per cache folder; processes that come at the same time wait for the first. */
export async function installKafka(java: string): Promise<KafkaInstall> {
  const target = cacheFolder();
  const installed = { java, libs: join(target, 'libs'), storage: join(target, 'storage') };
  if (existsSync(target)) return installed;
  await mkdir(dirname(target), { recursive: true });
  const unlock = await lock(`${target}.lock`);
  const work = `${target}.${process.pid}`;
  try {
    // Whole or not at all: the folder gets its name when everything is in it.
    if (!existsSync(target)) {
      await download(join(work, 'libs'));
      await formatStorage(java, work);
      await rename(work, target);
    }
  } finally {
    await rm(work, { recursive: true, force: true });
    await unlock();
  }
  return installed;
}

function cacheFolder(): string {
  const shared = process.env['XDG_CACHE_HOME'];
  const base = shared ? join(shared, 'nestjs-kafka-many-threads') : join(projectFolder(), '.cache');
  return join(base, `kafka-${KAFKA_VERSION}`);
}

async function download(libs: string): Promise<void> {
  process.stderr.write(`Downloading Kafka ${KAFKA_VERSION} with Maven (once, 55 MB) ...\n`);
  const pom = join(projectFolder(), 'scripts', 'kafka', 'pom.xml');
  const options = { maxBuffer: 10_000_000 };
  await run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies', `-DoutputDirectory=${libs}`], options).catch((error: unknown) => {
    const output = error instanceof Error && 'stdout' in error ? String(error.stdout) : '';
    throw new Error(`Maven could not fetch Kafka ${KAFKA_VERSION}. Check its access to a repository.\n${output || String(error)}`);
  });
}

/** Done once here instead of at every start, where it would cost a second Java process for each broker. */
async function formatStorage(java: string, work: string): Promise<void> {
  const properties = join(work, 'format.properties');
  const ports = [{ client: 1, controller: 2 }];
  await writeFile(properties, brokerProperties(1, ports, join(work, 'storage'), {}));
  const cluster = 'AAAAAAAAAAAAAAAAAAAAAQ';
  await run(java, ['-cp', join(work, 'libs', '*'), 'kafka.tools.StorageTool', 'format', '-t', cluster, '-c', properties]);
}

/** An exclusive file that names its process, so that one left behind by a dead process is not waited for. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    const file = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined;
      throw error;
    });
    if (file) {
      await file.writeFile(String(process.pid));
      await file.close();
      return () => rm(path, { force: true });
    }
    const owner = Number(await readFile(path, 'utf8').catch(() => ''));
    if (owner > 0 && !isAlive(owner)) await rm(path, { force: true });
    await delay(200);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
