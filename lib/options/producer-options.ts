import type { KafkaProducerOptions } from '../interfaces/index.js';
import { defaultPartitioner, type Partitioner } from '../producer/partitioner.js';
import type { ProducerSettings } from '../producer/producer-settings.js';

const DELIVERY_TIMEOUT_MS = 120_000;
const METADATA_MAX_AGE_MS = 300_000;
const BUFFER_BYTES = 256 * 1024 * 1024;
/** kafkajs would wait 300 ms before it looks where a leader has moved to. */
const FIRST_PAUSE_MS = 50;
const LONGEST_PAUSE_MS = 1000;

/** A producer's options with their defaults. */
export function producerSettings(name: string, options: KafkaProducerOptions): ProducerSettings {
  const { retry = {}, createPartitioner } = options;
  return {
    name,
    isIdempotent: options.idempotent ?? true,
    partitioner: (createPartitioner?.() as Partitioner | undefined) ?? defaultPartitioner(),
    deliveryTimeoutMs: options.deliveryTimeoutMs ?? DELIVERY_TIMEOUT_MS,
    metadataMaxAgeMs: options.metadataMaxAge ?? METADATA_MAX_AGE_MS,
    bufferBytes: options.bufferBytes ?? BUFFER_BYTES,
    retry: {
      retries: retry.retries ?? Infinity,
      initialMs: retry.initialRetryTime ?? FIRST_PAUSE_MS,
      multiplier: retry.multiplier ?? 2,
      maxMs: retry.maxRetryTime ?? LONGEST_PAUSE_MS,
      factor: retry.factor ?? 0.2,
    },
  };
}
