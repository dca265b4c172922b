import type { FetchRequest } from '../../../lib/consumer/wire.js';
import { CorruptError } from '../../../lib/kafkajs/byte-reader.js';
import { decodeFetch, fetchProtocol, fetchVersion } from '../../../lib/kafkajs/fetch-codec.js';
import { readFetch } from '../../../lib/kafkajs/fetch-reply.js';
import { batch } from './batches.js';

type KafkajsFetch = (options: object) => { encode(): Promise<{ buffer: Buffer }> };

const request: FetchRequest = {
  leader: 1, maxWaitMs: 250, minBytes: 7, maxBytes: 10_485_760, maxBytesPerPartition: 1_048_576, isolation: 'read_committed',
  positions: [{ topic: 'a', partition: 0, offset: 5 }, { topic: 'a', partition: 3, offset: 2 ** 45 }, { topic: 'ü', partition: 1, offset: 0 }],
};

async function encoded(version: number, first: number): Promise<Buffer> {
  return (await fetchProtocol(version, request, 'rack-1', first).request.encode()).buffer;
}
async function byKafkajs(version: number, topics: object[]): Promise<Buffer> {
  const make = jest.requireActual<KafkajsFetch>(`kafkajs/src/protocol/requests/fetch/v${version}/request`);
  const { maxWaitMs: maxWaitTime, minBytes, maxBytes } = request;
  return (await make({ replicaId: -1, maxWaitTime, minBytes, maxBytes, isolationLevel: 1, topics, rackId: 'rack-1' }).encode()).buffer;
}
const asked = (partition: number, fetchOffset: number): object => ({ partition, fetchOffset: String(fetchOffset), maxBytes: 1_048_576 });

describe('a fetch request', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 11])('is what kafkajs sends, in version %i', async version => {
    const topics = [{ topic: 'a', partitions: [asked(0, 5), asked(3, 2 ** 45)] }, { topic: 'ü', partitions: [asked(1, 0)] }];
    expect(await encoded(version, 0)).toEqual(await byKafkajs(version, topics));
  });

  it('begins with another position each time, so that the last one does not starve', async () => {
    const topics = [{ topic: 'a', partitions: [asked(3, 2 ** 45)] }, { topic: 'ü', partitions: [asked(1, 0)] }, { topic: 'a', partitions: [asked(0, 5)] }];
    expect(await encoded(11, 1)).toEqual(await byKafkajs(11, topics));
  });

  it('is of the highest version that both sides speak', () => {
    expect([fetchVersion(0, 17), fetchVersion(4, 17), fetchVersion(0, 6), fetchVersion(0, 3), fetchVersion(12, 17)]).toEqual([11, 11, 6, null, null]);
  });
});

/** A response as a broker writes it. */
function response(version: number, partitions: readonly { topic: string; partition: number; error?: number; records?: Buffer; aborted?: readonly [bigint, bigint][] }[]): Buffer {
  const int = (bytes: 2 | 4 | 8, value: number | bigint): Buffer => {
    const buffer = Buffer.alloc(bytes);
    if (bytes === 8) buffer.writeBigInt64BE(BigInt(value));
    else buffer.writeIntBE(Number(value), 0, bytes);
    return buffer;
  };
  const text = (value: string): Buffer => Buffer.concat([int(2, Buffer.byteLength(value)), Buffer.from(value)]);
  const one = ({ topic, partition, error = 0, records, aborted }: (typeof partitions)[number]): Buffer =>
    Buffer.concat([
      text(topic), int(4, 1), int(4, partition), int(2, error), int(8, 100), int(8, 90), ...(version >= 5 ? [int(8, 3)] : []),
      int(4, aborted?.length ?? -1), ...(aborted ?? []).flat().map(value => int(8, value)), ...(version >= 11 ? [int(4, 2)] : []),
      int(4, records?.length ?? -1), records ?? Buffer.alloc(0),
    ]);
  return Buffer.concat([int(4, 30), ...(version >= 7 ? [int(2, 0), int(4, 0)] : []), int(4, partitions.length), ...partitions.map(one)]);
}

describe('a fetch response', () => {
  it.each([4, 5, 6, 7, 8, 9, 10, 11])('is read in version %i', version => {
    const records = batch({ records: [{ value: 'x' }] });
    const { clientSideThrottleTime, errorCode, partitions } = decodeFetch(version, response(version, [{ topic: 'a', partition: 3, records, aborted: [[7n, 1n]] }, { topic: 'ü', partition: 1, error: 6 }]));
    expect([clientSideThrottleTime, errorCode]).toEqual([version >= 8 ? 30 : 0, 0]);
    const watermarks = { highWatermark: 100, lastStableOffset: 90, logStartOffset: version >= 5 ? 3 : -1, preferredReplica: version >= 11 ? 2 : -1 };
    expect(partitions).toEqual([
      { topic: 'a', partition: 3, errorCode: 0, aborted: [{ producerId: 7n, firstOffset: 1 }], records, ...watermarks },
      { topic: 'ü', partition: 1, errorCode: 6, aborted: null, records: null, ...watermarks },
    ]);
  });

  it('is refused where it is cut off', () => {
    const whole = response(11, [{ topic: 'a', partition: 3, records: batch({ records: [{ value: 'x' }] }) }]);
    for (let length = 0; length < whole.length; length++) expect(() => decodeFetch(11, whole.subarray(0, length))).toThrow(CorruptError);
  });

  it('gives each position its records, and a fault only to those that have one', () => {
    const answer = response(11, [{ topic: 'ü', partition: 1, error: 29 }, { topic: 'a', partition: 0, records: batch({ baseOffset: 5, records: [{ value: 'x' }, { value: 'y' }] }) }, { topic: 'b', partition: 0 }, { topic: 'a', partition: 3 }]);
    const results = readFetch(request, 2, decodeFetch(11, answer));
    expect(results).toMatchObject([
      { topic: 'ü', partition: 1, fault: 'unauthorized', reason: 'TOPIC_AUTHORIZATION_FAILED', chunk: null },
      { topic: 'a', partition: 0, fault: null, chunk: { from: 5, to: 7, count: 2 }, highWatermark: 100, preferredReplica: 2 },
      { topic: 'a', partition: 3, fault: null, chunk: null },
    ]);
  });

  it('calls a partition corrupt by the reason, and delivers the others', () => {
    const answer = response(11, [{ topic: 'a', partition: 0, records: batch({ magic: 1 }) }, { topic: 'ü', partition: 1, records: batch({ records: [{ value: 'x' }] }) }]);
    expect(readFetch(request, 0, decodeFetch(11, answer))).toMatchObject([{ fault: 'corrupt', chunk: null, reason: expect.stringContaining('message format v1') as string }, { fault: null, chunk: { count: 1 } }]);
  });

  it('keeps no more alive than a partition needs', async () => {
    const large = batch({ baseOffset: 5, records: [{ value: 'x'.repeat(100_000) }] });
    const small = batch({ records: [{ value: 'y' }] });
    const answer = Buffer.from(new Uint8Array(response(11, [{ topic: 'a', partition: 0, records: large }, { topic: 'ü', partition: 1, records: small }])));
    const [first, second] = await readFetch(request, 0, decodeFetch(11, answer));
    expect(first?.chunk?.value(0)?.buffer).toBe(answer.buffer);
    expect(first?.chunk?.bytes).toBe(answer.length + 12);
    expect(second?.chunk?.value(0)?.buffer.byteLength).toBe(small.length);
    expect(second?.chunk?.bytes).toBe(small.length + 12);
  });
});
