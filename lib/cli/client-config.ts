import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { KafkaConfig } from 'kafkajs';
import { UsageError } from './usage-error.js';

/**
 * kafkajs's client configuration: from a JSON file or a module whose default export it is (`--config`), with the brokers of
 * `--brokers` or KAFKA_BROKERS where those are given.
 */
export async function clientConfig(file: string | undefined, brokers: string | undefined): Promise<KafkaConfig> {
  const fromFile = file === undefined ? {} : await read(file);
  const named = brokers?.split(',').map((address) => address.trim()).filter((address) => address !== '');
  const config = { clientId: 'kafka-many-threads', ...fromFile, ...(named !== undefined && { brokers: named }) };
  if (!('brokers' in config)) throw new UsageError('No brokers: give --brokers host:port, or a --config file with `brokers`, or set KAFKA_BROKERS.');
  return config as KafkaConfig;
}

async function read(file: string): Promise<object> {
  try {
    const config: unknown = file.endsWith('.json') ? JSON.parse(await readFile(file, 'utf8')) : await defaultExport(file);
    if (typeof config === 'object' && config !== null) return config;
  } catch (error) {
    throw new UsageError(`--config ${file} cannot be read: ${error instanceof Error ? error.message : String(error)}`);
  }
  throw new UsageError(`--config ${file}: expected kafkajs's client configuration, as JSON or as the default export of a module.`);
}

async function defaultExport(file: string): Promise<unknown> {
  const module = (await import(pathToFileURL(resolve(file)).href)) as { default?: unknown };
  return module.default;
}
