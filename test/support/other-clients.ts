import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { installKafka, javaToolchain } from '../../scripts/kafka/kafka-install.js';
import { installKcat } from '../../scripts/kafka/kcat-install.js';

const GIVEN_UP_MS = 60_000;

/** What a client that has ended has printed, line by line. */
export interface Ended {
  readonly lines: readonly string[];
  readonly complaints: string;
}
export type RunClient = (args: readonly string[], input?: readonly string[]) => Promise<Ended>;

/** Kafka's own command line tools, by the class that their scripts start. */
export async function javaTool(mainClass: string): Promise<RunClient> {
  const toolchain = await javaToolchain();
  if (typeof toolchain === 'string') throw new Error(`Kafka's own clients need Java and Maven: ${toolchain}.`);
  const { java, libs } = await installKafka(toolchain.java);
  // A tool runs for a second or two: the better compiler would not pay.
  const start = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', '-cp', join(libs, '*'), mainClass];
  return (args, input) => ended(spawn(java, [...start, ...args]), input);
}

export async function kcatTool(): Promise<RunClient> {
  const { command, env } = await installKcat();
  return (args, input) => ended(spawn(command, [...args], { env: { ...process.env, ...env } }), input);
}

/** @throws where it does not end, or not well. */
async function ended(client: ChildProcess, input: readonly string[] = []): Promise<Ended> {
  const output = collected(client.stdout);
  const errors = collected(client.stderr);
  client.stdin?.on('error', () => undefined);
  client.stdin?.end(input.map(line => `${line}\n`).join(''));
  const giveUp = setTimeout(() => client.kill('SIGKILL'), GIVEN_UP_MS);
  const code = await new Promise<number | null>((resolve, reject) => client.once('error', reject).once('close', resolve)).finally(() => clearTimeout(giveUp));
  const complaints = errors();
  if (code !== 0) throw new Error(`${client.spawnfile} has ended with ${String(code)}: ${output()}\n${complaints}`);
  return { lines: output().split('\n').filter(line => line.trim() !== ''), complaints };
}

function collected(stream: ChildProcess['stdout']): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => void chunks.push(chunk));
  return () => Buffer.concat(chunks).toString();
}
