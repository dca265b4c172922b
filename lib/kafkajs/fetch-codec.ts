import type { FetchRequest } from '../consumer/wire.js';
import type { AbortedTransaction } from './batch-scan.js';
import { ByteReader, opaqueInt64At } from './byte-reader.js';
import type { EncodedRequest, ProtocolRequest } from './kafkajs-types.js';
import { commonVersion } from './protocol-bytes.js';

export const FETCH_KEY = 1;
/** The first version whose record batches are format v2 (Kafka 0.11). */
const LEAST_VERSION = 4;
/** The last version before lengths become varints; it has everything that this consumer asks for. */
const GREATEST_VERSION = 11;

/** The version to speak with a broker that speaks `min` to `max`, or null where there is none. */
export function fetchVersion(min: number, max: number): number | null {
  return commonVersion({ min, max }, { min: LEAST_VERSION, max: GREATEST_VERSION });
}

export interface FetchResponse {
  /** Milliseconds for which the broker asks to be left alone (KIP-219), as kafkajs names it. */
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly partitions: readonly FetchResponsePartition[];
}
export interface FetchResponsePartition {
  readonly topic: string;
  readonly partition: number;
  readonly errorCode: number;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  readonly aborted: readonly AbortedTransaction[] | null;
  readonly preferredReplica: number;
  /** A view of the whole response. */
  readonly records: Buffer | null;
}

/**
 * A fetch as kafkajs's connections send it.
 *
 * `first`: which position leads. A broker fills its response in the order of the request, so that those behind would starve
 * if the order were always the same (KIP-74).
 */
export function fetchProtocol(version: number, request: FetchRequest, rackId: string, first: number): ProtocolRequest<FetchResponse> {
  return {
    request: { apiKey: FETCH_KEY, apiVersion: version, apiName: 'Fetch', encode: async () => encodeFetch(version, request, rackId, first) },
    response: { decode: async raw => decodeFetch(version, raw), parse: async data => data },
  };
}

/** Most bytes that one position and a topic of its own need beside the topic's name. */
const POSITION_BYTES = 4 + 4 + 8 + 8 + 4 + 2 + 4;
const FIXED_BYTES = 64;

function encodeFetch(version: number, request: FetchRequest, rackId: string, first: number): EncodedRequest {
  const { positions } = request;
  let size = FIXED_BYTES + Buffer.byteLength(rackId);
  for (const { topic } of positions) size += POSITION_BYTES + Buffer.byteLength(topic);
  const writer = new FetchWriter(Buffer.allocUnsafe(size));
  writer.int32(-1);
  writer.int32(request.maxWaitMs);
  writer.int32(request.minBytes);
  writer.int32(request.maxBytes);
  writer.int8(request.isolation === 'read_committed' ? 1 : 0);
  if (version >= 7) {
    // No fetch session: every request names all of its partitions.
    writer.int32(0);
    writer.int32(-1);
  }
  writePositions(writer, version, request, first);
  if (version >= 7) writer.int32(0);
  if (version >= 11) writer.string(rackId);
  const buffer = writer.buffer.subarray(0, writer.position);
  return { buf: buffer, buffer };
}

function writePositions(writer: FetchWriter, version: number, request: FetchRequest, first: number): void {
  const { positions } = request;
  const topics = writer.placeholder();
  let topicCount = 0;
  let partitions = 0;
  let partitionCount = 0;
  let topic: string | null = null;
  for (let step = 0; step < positions.length; step++) {
    const position = positions[(first + step) % positions.length];
    if (position === undefined) continue;
    if (position.topic !== topic) {
      topic = position.topic;
      topicCount++;
      writer.string(topic);
      partitions = writer.placeholder();
      partitionCount = 0;
    }
    writer.int32(position.partition);
    if (version >= 9) writer.int32(-1);
    writer.int64(position.offset);
    if (version >= 5) writer.int64(-1);
    writer.int32(request.maxBytesPerPartition);
    writer.buffer.writeInt32BE(++partitionCount, partitions);
  }
  writer.buffer.writeInt32BE(topicCount, topics);
}

class FetchWriter {
  position = 0;
  constructor(readonly buffer: Buffer) {}

  int8(value: number): void {
    this.position = this.buffer.writeInt8(value, this.position);
  }
  int32(value: number): void {
    this.position = this.buffer.writeInt32BE(value, this.position);
  }
  int64(value: number): void {
    this.position = this.buffer.writeBigInt64BE(BigInt(value), this.position);
  }
  string(value: string): void {
    const length = this.buffer.write(value, this.position + 2);
    this.buffer.writeInt16BE(length, this.position);
    this.position += 2 + length;
  }
  /** Room for a count that is known later; returns where it goes. */
  placeholder(): number {
    const at = this.position;
    this.int32(0);
    return at;
  }
}

/** @throws CorruptError where the response is not one. The records are not looked at. */
export function decodeFetch(version: number, raw: Buffer): FetchResponse {
  const reader = new ByteReader(raw);
  const throttleMs = reader.int32();
  let errorCode = 0;
  if (version >= 7) {
    errorCode = reader.int16();
    reader.int32();
  }
  const partitions: FetchResponsePartition[] = [];
  for (let topics = reader.count(6); topics > 0; topics--) {
    const topic = reader.string() ?? '';
    for (let count = reader.count(30); count > 0; count--) partitions.push(readPartition(reader, version, topic));
  }
  // Before version 8 the broker had waited itself.
  return { clientSideThrottleTime: version >= 8 ? throttleMs : 0, errorCode, partitions };
}

function readPartition(reader: ByteReader, version: number, topic: string): FetchResponsePartition {
  const partition = reader.int32();
  const errorCode = reader.int16();
  const highWatermark = reader.int64();
  const lastStableOffset = reader.int64();
  const logStartOffset = version >= 5 ? reader.int64() : -1;
  const aborted = readAborted(reader);
  const preferredReplica = version >= 11 ? reader.int32() : -1;
  return { topic, partition, errorCode, highWatermark, lastStableOffset, logStartOffset, aborted, preferredReplica, records: reader.bytes() };
}

function readAborted(reader: ByteReader): readonly AbortedTransaction[] | null {
  const count = reader.count(16);
  if (count === 0) return null;
  const aborted: AbortedTransaction[] = [];
  for (let index = 0; index < count; index++) {
    aborted.push({ producerId: opaqueInt64At(reader.buffer, reader.advance(8)), firstOffset: reader.int64() });
  }
  return aborted;
}
