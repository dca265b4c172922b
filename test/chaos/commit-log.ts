import { kafkajsWire } from '../../lib/kafkajs/kafkajs-wire.js';
import type { Wire } from '../../lib/consumer/wire.js';
import type { Commit } from './judge/judge.js';

export const OFFSETS_TOPIC = '__consumer_offsets';
const QUIET = { info: () => undefined, warn: () => undefined, error: () => undefined, debug: null };

/** Every commit of the group to this topic, in the order in which the brokers took them: their own log of them. */
export async function commitLog(brokers: readonly string[], groupId: string, topic: string): Promise<Commit[]> {
  const wire = kafkajsWire({ client: { brokers: [...brokers] }, groupId: 'commit-log', sessionTimeoutMs: 10_000, log: QUIET })();
  await wire.connect();
  try {
    return (await readAll(wire, groupId)).flatMap(({ key, value }) => readCommit(key, value, groupId, topic));
  } finally {
    await wire.close();
  }
}

interface Line {
  readonly key: Buffer;
  readonly value: Buffer;
}

async function readAll(wire: Wire, groupId: string): Promise<Line[]> {
  const partitions = (await wire.metadata([OFFSETS_TOPIC])).get(OFFSETS_TOPIC)?.partitions ?? [];
  const partition = groupPartition(groupId, partitions.length);
  const leader = partitions.find((each) => each.partition === partition)?.leader ?? -1;
  const [[{ offset: start }], [{ offset: end }]] = await Promise.all((['earliest', 'latest'] as const).map((at) => wire.offsets([{ topic: OFFSETS_TOPIC, partition, at }])));
  const lines: Line[] = [];
  for (let offset = start; offset < end; ) {
    const positions = [{ topic: OFFSETS_TOPIC, partition, offset }];
    const size = 4 * 1024 * 1024;
    const [{ chunk, fault, reason }] = await wire.fetch({ leader, maxWaitMs: 500, minBytes: 1, maxBytes: size, maxBytesPerPartition: size, isolation: 'read_uncommitted', positions });
    if (fault !== null || chunk === null) throw new Error(`${OFFSETS_TOPIC}/${partition} cannot be read at ${offset}: ${reason ?? fault ?? 'nothing is there'}`);
    for (let index = 0; index < chunk.count; index++) {
      const [key, value] = [chunk.key(index), chunk.value(index)];
      if (key !== null && value !== null) lines.push({ key: Buffer.from(key), value: Buffer.from(value) });
    }
    offset = chunk.to;
  }
  return lines;
}

/** Versions 0 and 1 of a key are commits; the offset is the first field of every version of a value. */
function readCommit(key: Buffer, value: Buffer, groupId: string, topic: string): Commit[] {
  if (key.readInt16BE(0) > 1) return [];
  const group = readString(key, 2);
  if (group.text !== groupId) return [];
  const named = readString(key, group.end);
  return named.text === topic ? [{ partition: key.readInt32BE(named.end), offset: Number(value.readBigInt64BE(2)) }] : [];
}

function readString(from: Buffer, at: number): { text: string; end: number } {
  const end = at + 2 + from.readInt16BE(at);
  return { text: from.toString('utf8', at + 2, end), end };
}

/** As brokers choose it: the absolute value of `String.hashCode`. Who leads it coordinates the group. */
export function groupPartition(groupId: string, partitions: number): number {
  let hash = 0;
  for (let index = 0; index < groupId.length; index++) hash = (Math.imul(31, hash) + groupId.charCodeAt(index)) | 0;
  return Math.abs(hash) % partitions;
}
