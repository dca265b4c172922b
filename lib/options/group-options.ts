import type { GroupOptions } from '../consumer/options.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import type { KafkaConsumerOptions, KafkaManyThreadsOptions } from '../interfaces/index.js';
import { merge } from './merge.js';
import { presetOptions } from './presets.js';

const DEFAULTS = {
  concurrency: 100,
  members: 1,
  buffer: { recordsPerPartition: 5000, bytes: 64 * 1024 * 1024 },
  commit: { strategy: 'auto', intervalMs: 500, records: 1000, offsetMap: true },
  rebalance: { protocol: 'cooperative', assignment: 'sticky' },
  fromBeginning: false,
  isolation: 'read_committed',
  fetch: { minBytes: 1, maxBytes: 10 * 1024 * 1024, maxBytesPerPartition: 1024 * 1024, maxWaitMs: 250 },
  sessionTimeoutMs: 15_000,
  heartbeatIntervalMs: 1000,
  rebalanceTimeoutMs: 60_000,
} as const satisfies Omit<KafkaConsumerOptions, 'groupId'>;

const METADATA_MAX_AGE_MS = 300_000;
const DRAIN_TIMEOUT_MS = { cooperative: 120_000, eager: 30_000 } as const;

/** A group's options over its preset; the defaults come later. */
export function withPreset(options: KafkaConsumerOptions): KafkaConsumerOptions {
  return { ...merge<KafkaConsumerOptions>(presetOptions(options.preset), options), groupId: options.groupId };
}

/** Every default applied. @throws KafkaConfigurationError for options that cannot work together. */
export function groupOptions(options: KafkaConsumerOptions, module: KafkaManyThreadsOptions, connection: string): GroupOptions {
  const all = merge<KafkaConsumerOptions>(DEFAULTS, options) as typeof DEFAULTS & KafkaConsumerOptions;
  const { protocol } = all.rebalance;
  const resolved: GroupOptions = {
    connection,
    groupId: options.groupId,
    concurrency: all.concurrency,
    members: all.members,
    buffer: all.buffer,
    commit: all.commit,
    rebalance: { ...all.rebalance, drainTimeoutMs: options.rebalance?.drainTimeoutMs ?? DRAIN_TIMEOUT_MS[protocol] },
    fromBeginning: all.fromBeginning,
    isolation: all.isolation,
    fetch: all.fetch,
    sessionTimeoutMs: all.sessionTimeoutMs,
    heartbeatIntervalMs: all.heartbeatIntervalMs,
    rebalanceTimeoutMs: all.rebalanceTimeoutMs,
    metadataMaxAgeMs: all.kafkajs?.metadataMaxAge ?? METADATA_MAX_AGE_MS,
    missingTopics: module.missingTopics ?? 'throw',
  };
  requireConsistent(resolved);
  return resolved;
}

function requireConsistent({ groupId, heartbeatIntervalMs, sessionTimeoutMs, rebalance, rebalanceTimeoutMs, fetch }: GroupOptions): void {
  const refuse = (option: string, problem: string): never => {
    throw new KafkaConfigurationError(`group ${groupId}, ${option}`, problem);
  };
  if (heartbeatIntervalMs >= sessionTimeoutMs / 3) {
    refuse('heartbeatIntervalMs', `${heartbeatIntervalMs} is not below a third of sessionTimeoutMs (${sessionTimeoutMs}): two lost heartbeats would end the membership.`);
  }
  if (rebalance.protocol === 'eager' && rebalance.drainTimeoutMs >= rebalanceTimeoutMs) {
    refuse('rebalance.drainTimeoutMs', `${rebalance.drainTimeoutMs} is not below rebalanceTimeoutMs (${rebalanceTimeoutMs}): the broker would not wait for the drain.`);
  }
  if (fetch.maxBytesPerPartition > fetch.maxBytes) {
    refuse('fetch.maxBytesPerPartition', `${fetch.maxBytesPerPartition} is above fetch.maxBytes (${fetch.maxBytes}).`);
  }
}
