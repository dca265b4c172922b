import type { CommittedOffset } from './group-offsets.js';

const BATCH_HEADER_BYTES = 61;
/** Version of the key, two string lengths, the partition. */
const KEY_BYTES = 2 + 2 + 2 + 4;
/** Version of the value, offset, leader epoch, time of the commit, no tagged fields. */
const VALUE_BYTES = 2 + 8 + 4 + 8 + 1;

/** What a commit takes as a batch of records of the offsets topic, whose limit applies to it. */
export function commitBytes(groupId: string, offsets: readonly CommittedOffset[]): number {
  return offsets.reduce((sum, offset, index) => sum + recordBytes(groupId, offset, index), BATCH_HEADER_BYTES);
}

function recordBytes(groupId: string, { topic, metadata }: CommittedOffset, index: number): number {
  const key = KEY_BYTES + Buffer.byteLength(groupId) + Buffer.byteLength(topic);
  const metadataBytes = Buffer.byteLength(metadata);
  const value = VALUE_BYTES + unsignedVarintBytes(metadataBytes + 1) + metadataBytes;
  // Attributes, distance in time, and no headers: a byte each.
  const body = 3 + varintBytes(index) + varintBytes(key) + key + varintBytes(value) + value;
  return varintBytes(body) + body;
}

/** Zigzag: a positive number has a bit less. */
function varintBytes(value: number): number {
  return unsignedVarintBytes(value * 2);
}
function unsignedVarintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) bytes++;
  return bytes;
}
