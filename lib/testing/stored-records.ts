import type { IHeaders, Message } from 'kafkajs';
import { partitionOf } from '../kafkajs/partitioner.js';
import { Attribute, readHead } from './broker/log/batch-header.js';
import { buildBatch, type NewRecord } from './broker/log/build-batch.js';
import { recordBytes, RecordCursor } from './broker/log/record-cursor.js';
import type { StoredBatch } from './broker/log/stored-batches.js';
import type { Partition } from './broker/topics/partition.js';
import type { Topic } from './broker/topics/topic.js';

/** A record as it lies in a topic. */
export interface StoredRecord {
  partition: number;
  offset: number;
  key: Buffer | null;
  value: Buffer | null;
  headers: IHeaders;
  timestampMs: number;
}

/** Every record of a topic, without control records, in offset order per partition. */
export function recordsOf(topic: Topic): StoredRecord[] {
  return topic.partitions.flatMap(partition => partition.log.batches.all.flatMap(batch => recordsIn(batch, partition)));
}

function recordsIn({ bytes, baseOffset, maxTimestamp }: StoredBatch, { index, log }: Partition): StoredRecord[] {
  const head = readHead(bytes);
  const records: StoredRecord[] = [];
  if (head.isControl) return records;
  const cursor = new RecordCursor(recordBytes(bytes, head));
  while (!cursor.atEnd) {
    cursor.next();
    const offset = baseOffset + cursor.offsetDelta;
    if (offset < log.startOffset) continue;
    const timestampMs = (head.attributes & Attribute.appendTime) === 0 ? head.baseTimestamp + cursor.timestampDelta : maxTimestamp;
    records.push({ partition: index, offset, key: cursor.bytesOf(cursor.key), value: cursor.bytesOf(cursor.value), headers: headersOf(cursor), timestampMs });
  }
  return records;
}

/** As kafkajs shows them: a name that repeats has a list. */
function headersOf(cursor: RecordCursor): IHeaders {
  const headers: IHeaders = {};
  for (const { name, value } of cursor.headers()) {
    const before = headers[name];
    const added = value ?? undefined;
    if (before === undefined) headers[name] = added;
    else if (added !== undefined) headers[name] = Array.isArray(before) ? [...before, added] : [before, added];
  }
  return headers;
}

/** Batches that together stay below what a topic takes by default. */
const BATCH_BYTES = 512 * 1024;

/** Writes messages straight into the logs, as a producer would divide them. Nothing of the protocol, and no fault, is in the way. */
export function appendTo(topic: Topic, messages: readonly (Message & { partition?: number })[], nowMs: number): void {
  const byPartition = new Map<Partition, NewRecord[]>();
  for (const message of messages) {
    const partition = topic.partitions[message.partition ?? partitionOf(message, topic.name, topic.partitions.length)];
    if (partition === undefined) throw new Error(`Topic ${topic.name} has ${topic.partitions.length} partitions, and none with the number ${message.partition}.`);
    const records = byPartition.get(partition) ?? [];
    byPartition.set(partition, records);
    records.push(recordOf(message, nowMs));
  }
  for (const [partition, records] of byPartition) {
    for (const batch of batchesOf(records)) partition.append(batch, readHead(batch), nowMs);
  }
}

function* batchesOf(records: readonly NewRecord[]): Generator<Buffer> {
  let first = 0;
  let bytes = 0;
  for (const [index, { key, value }] of records.entries()) {
    if (bytes > BATCH_BYTES) {
      yield buildBatch(records.slice(first, index));
      first = index;
      bytes = 0;
    }
    bytes += (key?.length ?? 0) + (value?.length ?? 0);
  }
  if (first < records.length) yield buildBatch(records.slice(first));
}

function recordOf({ key, value, headers = {}, timestamp }: Message, nowMs: number): NewRecord {
  const flat = Object.entries(headers).flatMap(([name, values]) => (Array.isArray(values) ? values : [values]).map(each => ({ name, value: bytesOf(each) })));
  return { key: bytesOf(key), value: bytesOf(value), headers: flat, timestampMs: timestamp === undefined ? nowMs : Number(timestamp) };
}

function bytesOf(value: Buffer | string | null | undefined): Buffer | null {
  return value == null ? null : Buffer.from(value);
}
