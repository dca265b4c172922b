import type { FetchedPartition, FetchRequest } from '../consumer/wire.js';
import { errorName, fetchFault } from './errors.js';
import type { FetchResponse, FetchResponsePartition } from './fetch-codec.js';
import { type DecodedSet, decodeRecords } from './record-batch.js';

/** What a fetch has brought, partition by partition. Waits only where records have to be unpacked. */
export function readFetch(request: FetchRequest, first: number, response: FetchResponse): readonly FetchedPartition[] | Promise<readonly FetchedPartition[]> {
  const positions = new Positions(request, first);
  const results: (FetchedPartition | Promise<FetchedPartition>)[] = [];
  let waits = false;
  for (const partition of response.partitions) {
    const from = positions.of(partition);
    // Not asked for.
    if (from === null) continue;
    const result = readPartition(partition, from);
    waits ||= result instanceof Promise;
    results.push(result);
  }
  // eslint-disable-next-line @typescript-eslint/await-thenable -- few have to wait: those that are compressed
  return waits ? Promise.all(results) : (results as FetchedPartition[]);
}

function readPartition(answer: FetchResponsePartition, from: number): FetchedPartition | Promise<FetchedPartition> {
  if (answer.errorCode !== 0) return result(answer, { fault: fetchFault(answer.errorCode), reason: errorName(answer.errorCode), chunk: null });
  if (answer.records === null || answer.records.length === 0) return result(answer, { fault: null, chunk: null });
  const { topic, partition, aborted } = answer;
  const decoded = decodeRecords({ topic, partition, from, bytes: detached(answer.records), aborted });
  return decoded instanceof Promise ? decoded.then(done => withChunk(answer, done)) : withChunk(answer, decoded);
}

function withChunk(answer: FetchResponsePartition, { chunk, corrupt }: DecodedSet): FetchedPartition {
  return corrupt === null ? result(answer, { fault: null, chunk }) : result(answer, { fault: 'corrupt', reason: corrupt, chunk: null });
}

function result(
  { topic, partition, highWatermark, lastStableOffset, logStartOffset, preferredReplica }: FetchResponsePartition,
  outcome: Pick<FetchedPartition, 'fault' | 'reason' | 'chunk'>,
): FetchedPartition {
  return { topic, partition, ...outcome, highWatermark, lastStableOffset, logStartOffset, preferredReplica };
}

/** The records in bytes of their own, unless they are most of the response: a few of them must not keep all of it alive. */
function detached(records: Buffer): Buffer {
  if (2 * records.length >= records.buffer.byteLength) return records;
  const own = Buffer.allocUnsafeSlow(records.length);
  records.copy(own);
  return own;
}

/** Positions of a request, for answers that come in the order in which it was sent. */
class Positions {
  constructor(
    private readonly request: FetchRequest,
    private next: number,
  ) {}

  of({ topic, partition }: FetchResponsePartition): number | null {
    const { positions } = this.request;
    for (let step = 0; step < positions.length; step++) {
      const at = (this.next + step) % positions.length;
      const position = positions[at];
      if (position?.partition !== partition || position.topic !== topic) continue;
      this.next = at + 1;
      return position.offset;
    }
    return null;
  }
}
