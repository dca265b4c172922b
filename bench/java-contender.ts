import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { javaToolchain } from '../scripts/kafka/kafka-install.js';
import type { Report, RunSettings } from './run-settings.js';

const run = promisify(execFile);
const SOURCES = fileURLToPath(new URL('parallel-consumer', import.meta.url));
const CACHE = fileURLToPath(new URL('../.cache/parallel-consumer-0.5.3.3', import.meta.url));
const LIBS = join(CACHE, 'libs');
const CLASSES = join(CACHE, 'classes');

/** Contenders that are processes of Java, and the order that each of them keeps. */
const ORDER: ReadonlyMap<string, string> = new Map([
  ['Parallel Consumer KEY', 'KEY'],
  ['Parallel Consumer UNORDERED', 'UNORDERED'],
]);

export function isJava(contender: string): boolean {
  return ORDER.has(contender);
}

/** Fetches the library once, with Maven, and compiles the contender. Answers what to install where that cannot be done, else null. */
export async function buildJavaContender(): Promise<string | null> {
  const toolchain = await javaToolchain();
  if (typeof toolchain === 'string') return `${toolchain}; install Java 17 or newer (a JDK) and Maven`;
  try {
    if (!existsSync(LIBS)) await download();
    await rm(CLASSES, { recursive: true, force: true });
    const sources = (await readdir(SOURCES)).filter((name) => name.endsWith('.java')).map((name) => join(SOURCES, name));
    await run('javac', ['-cp', join(LIBS, '*'), '-d', CLASSES, ...sources]);
    return null;
  } catch (error) {
    return `it cannot be built: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function download(): Promise<void> {
  process.stderr.write('Downloading Parallel Consumer with Maven (once, 23 MB) ...\n');
  const work = `${LIBS}.${process.pid}`;
  try {
    await mkdir(dirname(LIBS), { recursive: true });
    await run('mvn', ['-q', '-B', '-f', join(SOURCES, 'pom.xml'), 'dependency:copy-dependencies', `-DoutputDirectory=${work}`]);
    await rename(work, LIBS);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

export function launchJava(settings: RunSettings, reported: (report: Report) => void): ChildProcess {
  const { contender, workload, concurrency, brokers, topic, groupId, records } = settings;
  const java = process.env['JAVA_HOME'] ? join(process.env['JAVA_HOME'], 'bin', 'java') : 'java';
  const values = [ORDER.get(contender) ?? 'KEY', workload, String(concurrency), brokers.join(','), topic, groupId, String(records)];
  const child = spawn(java, ['-cp', `${CLASSES}:${join(LIBS, '*')}`, 'Contender', ...values], { stdio: ['pipe', 'pipe', 'inherit'] });
  createInterface({ input: child.stdout }).on('line', (line) => reported(JSON.parse(line) as Report));
  return child;
}
