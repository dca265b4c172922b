import type { MemberPartitions } from '../consumer/wire.js';
import { ByteReader } from './byte-reader.js';
import { int16, int32 } from './protocol-bytes.js';

/**
 * What the members of a group of type "consumer" tell each other through the broker:
 *
 * ```
 *  member metadata     version, [topic], user data          (from version 1 on, more follows)
 *  member assignment   version, [topic, [partition]], user data
 * ```
 */
const VERSION = 0;

const NOTHING = Buffer.alloc(0);

export function encodeMetadata(topics: readonly string[], userData: Buffer): Buffer {
  return Buffer.concat([int16(VERSION), int32(topics.length), ...topics.map(string), bytes(userData)]);
}

/** @throws CorruptError where another process has sent something else. */
export function decodeMetadata(metadata: Buffer): { topics: readonly string[]; userData: Buffer } {
  const reader = new ByteReader(metadata);
  reader.int16();
  const topics: string[] = [];
  for (let count = reader.count(2); count > 0; count--) topics.push(reader.string() ?? '');
  return { topics, userData: reader.bytes() ?? NOTHING };
}

export function encodeAssignment({ partitions, userData }: Pick<MemberPartitions, 'partitions' | 'userData'>): Buffer {
  const topics = [...partitions].map(([topic, ids]) => Buffer.concat([string(topic), int32(ids.length), ...ids.map(int32)]));
  return Buffer.concat([int16(VERSION), int32(topics.length), ...topics, bytes(userData)]);
}

/**
 * An empty assignment is one without partitions.
 * @throws CorruptError where the group's leader has sent something else.
 */
export function decodeAssignment(assignment: Buffer): { partitions: Map<string, readonly number[]>; userData: Buffer } {
  const partitions = new Map<string, readonly number[]>();
  if (assignment.length === 0) return { partitions, userData: NOTHING };
  const reader = new ByteReader(assignment);
  reader.int16();
  for (let topics = reader.count(6); topics > 0; topics--) {
    const topic = reader.string() ?? '';
    const ids = [...(partitions.get(topic) ?? [])];
    for (let count = reader.count(4); count > 0; count--) ids.push(reader.int32());
    partitions.set(topic, ids);
  }
  return { partitions, userData: reader.bytes() ?? NOTHING };
}

function string(value: string): Buffer {
  const text = Buffer.from(value, 'utf8');
  return Buffer.concat([int16(text.length), text]);
}
function bytes(value: Buffer): Buffer {
  return Buffer.concat([int32(value.length), value]);
}
