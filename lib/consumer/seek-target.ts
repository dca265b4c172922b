import { KafkaSeekError } from './errors.js';
import type { OffsetQuery, TopicPartition, Wire } from './wire.js';

/** Where to go on: an offset, an end of the log, or the first record that is not older than a point in time. */
export type SeekTarget = TopicPartition & ({ readonly offset: number | 'earliest' | 'latest' } | { readonly timestampMs: number });

/** What came from JavaScript may be anything. @throws KafkaSeekError 'invalid' */
export function requireSeekTarget(target: SeekTarget): void {
  const { offset, timestampMs } = target as { readonly offset?: unknown; readonly timestampMs?: unknown };
  const invalid = (what: string): KafkaSeekError => new KafkaSeekError(target, 'invalid', what);
  if ((offset === undefined) === (timestampMs === undefined)) throw invalid('give either an offset or timestampMs');
  if (offset === undefined) {
    if (!isWhole(timestampMs)) throw invalid(`timestampMs is ${show(timestampMs)}, and must be milliseconds since 1970, a whole number such as Date.now()`);
  } else if (offset !== 'earliest' && offset !== 'latest' && !isWhole(offset)) {
    throw invalid(`offset is ${show(offset)}, and must be a whole number from 0 on (Number(record.offset)), 'earliest' or 'latest'`);
  }
}

/** The offset that is meant, as the log is now. @throws KafkaSeekError 'out-of-range', and what the wire throws */
export async function resolveSeekTarget(wire: Pick<Wire, 'offsets'>, target: SeekTarget): Promise<number> {
  const { topic, partition } = target;
  // Either may be there and undefined, as from the query of a URL.
  const { timestampMs = NaN, offset } = target as { readonly timestampMs?: number; readonly offset?: number | 'earliest' | 'latest' };
  const queries = (points: readonly OffsetQuery['at'][]): OffsetQuery[] => points.map((at) => ({ topic, partition, at }));
  if (offset === undefined) return (await wire.offsets(queries([{ timestampMs }])))[0].offset;
  if (typeof offset === 'string') return (await wire.offsets(queries([offset])))[0].offset;
  const [begin, end] = await wire.offsets(queries(['earliest', 'latest']));
  if (offset >= begin.offset && offset <= end.offset) return offset;
  throw new KafkaSeekError(target, 'out-of-range', `offset ${offset} is not in its log, which has ${begin.offset} to ${end.offset} (its end)`);
}

function isWhole(value: unknown): boolean {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}
