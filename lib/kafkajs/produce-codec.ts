import { ByteReader, opaqueInt64At } from './byte-reader.js';
import type { EncodedRequest, ProtocolRequest } from './kafkajs-types.js';
import { commonVersion, int16, int32 } from './protocol-bytes.js';

export const PRODUCE_KEY = 0;
export const INIT_PRODUCER_ID_KEY = 22;
/** The first version whose record batches are format v2 (Kafka 0.11). */
const LEAST_VERSION = 3;
/** The last version before lengths become varints. */
const GREATEST_VERSION = 8;
/** Of InitProducerId, for the same reason. */
export const GREATEST_INIT_VERSION = 1;

/** The version to speak with a broker that speaks `min` to `max`, or null where there is none. */
export function produceVersion(min: number, max: number): number | null {
  return commonVersion({ min, max }, { min: LEAST_VERSION, max: GREATEST_VERSION });
}

export interface EncodedBatch {
  readonly topic: string;
  readonly partition: number;
  readonly bytes: Buffer;
}
export interface ProduceResponse {
  /** Milliseconds for which the broker asks to be left alone (KIP-219), as kafkajs names it. */
  readonly clientSideThrottleTime: number;
  readonly partitions: readonly ProduceResponsePartition[];
}
export interface ProduceResponsePartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly baseOffset: number;
  readonly logAppendTimeMs: number;
  readonly logStartOffset: number;
  /** Records of the batch that are wrong. */
  readonly records: readonly number[];
  readonly message: string | null;
}

export function produceProtocol(version: number, acks: number, timeoutMs: number, batches: readonly EncodedBatch[]): ProtocolRequest<ProduceResponse> {
  return {
    request: {
      apiKey: PRODUCE_KEY,
      apiVersion: version,
      apiName: 'Produce',
      expectResponse: () => acks !== 0,
      encode: async () => encoded(produceRequest(acks, timeoutMs, batches)),
    },
    response: { decode: async raw => decodeProduce(version, raw), parse: async data => data },
  };
}

export function initProducerIdProtocol(version: number): ProtocolRequest<{ clientSideThrottleTime: number; errorCode: number; producerId: bigint; epoch: number }> {
  return {
    // No transactional id, and no timeout of transactions.
    request: { apiKey: INIT_PRODUCER_ID_KEY, apiVersion: version, apiName: 'InitProducerId', encode: async () => encoded([int16(-1), int32(0)]) },
    response: {
      decode: async raw => {
        const reader = new ByteReader(raw);
        const throttleMs = reader.int32();
        const errorCode = reader.int16();
        const producerId = opaqueInt64At(raw, reader.advance(8));
        return { clientSideThrottleTime: version >= 1 ? throttleMs : 0, errorCode, producerId, epoch: reader.int16() };
      },
      parse: async data => data,
    },
  };
}

function produceRequest(acks: number, timeoutMs: number, batches: readonly EncodedBatch[]): Buffer[] {
  const topics = new Map<string, EncodedBatch[]>();
  for (const batch of batches) {
    const known = topics.get(batch.topic);
    if (known === undefined) topics.set(batch.topic, [batch]);
    else known.push(batch);
  }
  const parts = [int16(-1), int16(acks), int32(timeoutMs), int32(topics.size)];
  for (const [topic, ofTopic] of topics) {
    const name = Buffer.from(topic);
    parts.push(int16(name.length), name, int32(ofTopic.length));
    for (const { partition, bytes } of ofTopic) parts.push(int32(partition), int32(bytes.length), bytes);
  }
  return parts;
}

function encoded(parts: Buffer[]): EncodedRequest {
  const buffer = Buffer.concat(parts);
  return { buf: buffer, buffer };
}

/** @throws CorruptError where the response is not one */
export function decodeProduce(version: number, raw: Buffer): ProduceResponse {
  const reader = new ByteReader(raw);
  const partitions: ProduceResponsePartition[] = [];
  for (let topics = reader.count(6); topics > 0; topics--) {
    const topic = reader.string() ?? '';
    for (let count = reader.count(22); count > 0; count--) partitions.push(readPartition(reader, version, topic));
  }
  const throttleMs = reader.int32();
  // Before version 6 the broker had waited itself.
  return { clientSideThrottleTime: version >= 6 ? throttleMs : 0, partitions };
}

function readPartition(reader: ByteReader, version: number, topic: string): ProduceResponsePartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const baseOffset = reader.int64();
  const logAppendTimeMs = reader.int64();
  const logStartOffset = version >= 5 ? reader.int64() : -1;
  const records: number[] = [];
  const messages: string[] = [];
  if (version >= 8) {
    for (let count = reader.count(6); count > 0; count--) {
      records.push(reader.int32());
      messages.push(reader.string() ?? '');
    }
    messages.push(reader.string() ?? '');
  }
  const message = messages.find(text => text !== '') ?? null;
  return { topic, partition, errorCode, baseOffset, logAppendTimeMs, logStartOffset, records, message };
}
