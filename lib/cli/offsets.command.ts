import type { Admin } from 'kafkajs';
import { zlibCompression } from '../consumer/offset-map-compression.js';
import { decodeOffsetMap } from '../engine/offset-map.js';
import { type OffsetRange, showOffsets } from './ranges.js';
import { table } from './table.js';
import { UsageError } from './usage-error.js';

const HOLES_SHOWN = 8;

export interface PartitionOffsets {
  readonly topic: string;
  readonly partition: number;
  readonly committedOffset: number;
  /** Null where the topic cannot be asked any more. */
  readonly endOffset: number | null;
  readonly lag: number | null;
  /** First offset that is not known to be complete. */
  readonly watermark: number;
  /** Complete above the watermark, as the map says. */
  readonly completedAhead: number;
  readonly complete: readonly OffsetRange[];
  /** Not complete, below the last that is. */
  readonly holes: readonly OffsetRange[];
  /** Length of the metadata in UTF-16 units. */
  readonly metadataUnits: number;
  /** Why the metadata is no map; null where it is one, and where there is none. */
  readonly problem: string | null;
}

/** Commits of a group, whoever wrote them, with what their metadata says. @throws UsageError for a group without commits. */
export async function readOffsets(admin: Admin, groupId: string): Promise<readonly PartitionOffsets[]> {
  const topics = await admin.fetchOffsets({ groupId });
  const rows: PartitionOffsets[] = [];
  for (const { topic, partitions } of [...topics].sort((a, b) => a.topic.localeCompare(b.topic))) {
    const ends = await endsOf(admin, topic);
    for (const { partition, offset, metadata } of [...partitions].sort((a, b) => a.partition - b.partition)) {
      const committed = Number(offset);
      if (committed >= 0) rows.push(decoded(topic, partition, committed, metadata ?? '', ends.get(partition) ?? null));
    }
  }
  if (rows.length === 0) throw new UsageError(`Group ${groupId} has no commits on these brokers.`);
  return rows;
}

export function showOffsetRows(rows: readonly PartitionOffsets[]): string {
  const columns = [
    { title: 'TOPIC' },
    ...['PARTITION', 'COMMITTED', 'END', 'LAG', 'WATERMARK', 'AHEAD', 'MAP'].map((title) => ({ title, right: true })),
    { title: 'HOLES' },
  ];
  const cells = rows.map((row) => [
    row.topic,
    ...[row.partition, row.committedOffset, row.endOffset, row.lag, row.watermark, row.completedAhead, row.metadataUnits].map((each) => String(each ?? '-')),
    row.problem ?? (row.holes.length === 0 ? '-' : showOffsets(row.holes, HOLES_SHOWN)),
  ]);
  return table(columns, cells);
}

function decoded(topic: string, partition: number, committedOffset: number, metadata: string, endOffset: number | null): PartitionOffsets {
  const { completed, problem } = decodeOffsetMap(committedOffset, metadata, zlibCompression);
  const watermark = completed.nextIncomplete(committedOffset);
  const complete: OffsetRange[] = [...completed];
  const ahead = complete.filter(([from]) => from > watermark);
  return {
    topic,
    partition,
    committedOffset,
    endOffset,
    lag: endOffset === null ? null : Math.max(0, endOffset - committedOffset),
    watermark,
    completedAhead: ahead.reduce((sum, [from, to]) => sum + to - from, 0),
    complete,
    holes: ahead.map(([from], index) => [ahead[index - 1]?.[1] ?? watermark, from]),
    metadataUnits: metadata.length,
    problem,
  };
}

/** A group may have commits for a topic that is gone. */
async function endsOf(admin: Admin, topic: string): Promise<ReadonlyMap<number, number>> {
  try {
    const offsets = await admin.fetchTopicOffsets(topic);
    return new Map(offsets.map(({ partition, high }) => [partition, Number(high)]));
  } catch {
    return new Map();
  }
}
