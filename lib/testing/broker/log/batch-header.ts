import { int64At } from '../protocol/reader.js';

/**
 * The head of a record batch, format v2. The checksum covers everything behind it, so that base offset and leader epoch can be
 * set by the broker without touching it.
 *
 * ```
 *  0 base offset (8) | 8 length of what follows (4) | 12 leader epoch (4) | 16 magic (1) | 17 CRC-32C (4) |
 * 21 attributes (2) | 23 last offset delta (4) | 27 base timestamp (8) | 35 max timestamp (8) |
 * 43 producer id (8) | 51 producer epoch (2) | 53 base sequence (4) | 57 count (4) | 61 records
 * ```
 */
export const At = { baseOffset: 0, length: 8, leaderEpoch: 12, magic: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, baseTimestamp: 27, maxTimestamp: 35, producerId: 43, producerEpoch: 51, baseSequence: 53, count: 57, records: 61 } as const;

/** Bits of the attributes. */
export const Attribute = { codec: 0x07, appendTime: 0x08, transactional: 0x10, control: 0x20 } as const;

export const CODEC_NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const;

/** Without a producer that is idempotent. */
export const NO_PRODUCER_ID = -1;
export const NO_PRODUCER_EPOCH = -1;
export const NO_SEQUENCE = -1;

/** What is said of one batch by its head. */
export interface BatchHead {
  readonly baseOffset: number;
  readonly attributes: number;
  readonly codec: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly lastOffsetDelta: number;
  readonly baseTimestamp: number;
  readonly maxTimestamp: number;
  readonly producerId: number;
  readonly producerEpoch: number;
  readonly baseSequence: number;
  readonly count: number;
}

/** `batch` holds at least a head. */
export function readHead(batch: Buffer): BatchHead {
  const attributes = batch.readInt16BE(At.attributes);
  return {
    baseOffset: int64At(batch, At.baseOffset),
    attributes,
    codec: attributes & Attribute.codec,
    isTransactional: (attributes & Attribute.transactional) !== 0,
    isControl: (attributes & Attribute.control) !== 0,
    lastOffsetDelta: batch.readInt32BE(At.lastOffsetDelta),
    baseTimestamp: int64At(batch, At.baseTimestamp),
    maxTimestamp: int64At(batch, At.maxTimestamp),
    producerId: int64At(batch, At.producerId),
    producerEpoch: batch.readInt16BE(At.producerEpoch),
    baseSequence: batch.readInt32BE(At.baseSequence),
    count: batch.readInt32BE(At.count),
  };
}
