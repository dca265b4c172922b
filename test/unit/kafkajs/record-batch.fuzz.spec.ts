import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { decodeFetch } from '../../../lib/kafkajs/fetch-codec.js';
import { CorruptError } from '../../../lib/kafkajs/byte-reader.js';
import { decodeRecords } from '../../../lib/kafkajs/record-batch.js';
import { APPEND_TIME, batch, GZIP, marker, recordBytes, TRANSACTIONAL } from './batches.js';

const record = fc.record({
  key: fc.option(fc.string(), { nil: null }),
  value: fc.option(fc.string({ maxLength: 200 }), { nil: null }),
  timeDelta: fc.integer({ min: -1_000_000, max: 10_000_000_000 }),
  headers: fc.array(fc.tuple(fc.string({ maxLength: 5 }), fc.option(fc.string({ maxLength: 5 }), { nil: null })), { maxLength: 3 }),
});
const records = fc.array(record, { minLength: 1, maxLength: 20 });

/** A set of consecutive batches of all kinds. */
const recordSet = fc
  .array(fc.tuple(records, fc.constantFrom('plain', 'gzip', 'transactional', 'append time', 'marker')), { minLength: 1, maxLength: 5 })
  .map(batches => {
    let baseOffset = 0;
    return Buffer.concat(
      batches.map(([content, kind]) => {
        const at = baseOffset;
        baseOffset += kind === 'marker' ? 1 : content.length;
        if (kind === 'marker') return marker('abort', at, 1n);
        if (kind === 'gzip') return batch({ baseOffset: at, attributes: GZIP, count: content.length, lastDelta: content.length - 1, body: gzipSync(recordBytes(content)) });
        return batch({ baseOffset: at, records: content, attributes: kind === 'transactional' ? TRANSACTIONAL : kind === 'append time' ? APPEND_TIME : 0, producerId: 1n });
      }),
    );
  });

const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 6 });
const HANG_MS = 2_000;

/** Reads everything that a handler could. */
async function readAll(bytes: Buffer, from: number): Promise<void> {
  const started = performance.now();
  const { chunk, corrupt } = await decodeRecords({ topic: 't', partition: 0, from, bytes, aborted: [{ producerId: 1n, firstOffset: 0 }] });
  let previous = from - 1;
  for (let index = 0; chunk !== null && index < chunk.count; index++) {
    const offset = chunk.offset(index);
    if (offset <= previous || offset >= chunk.to) throw new Error(`offset ${offset} after ${previous}, in a chunk to ${chunk.to}`);
    previous = offset;
    void [chunk.key(index), chunk.value(index), chunk.keyHash(index), chunk.headers(index), chunk.timestampMs(index), chunk.attributes(index)];
    void chunk.copy(index).headers(0);
  }
  if (chunk === null && corrupt === null && bytes.length > 0 && from === 0) throw new Error('Neither a chunk nor a fault: the consumer would fetch the same for ever.');
  if (chunk !== null && chunk.to <= from) throw new Error('A chunk that does not move the position.');
  expect(performance.now() - started).toBeLessThan(HANG_MS);
}

describe('any bytes', () => {
  it('are decoded or refused, in time, whatever has been damaged', async () => {
    await fc.assert(
      fc.asyncProperty(recordSet, damage, fc.nat({ max: 30 }), async (set, changes, from) => {
        const damaged = Buffer.from(set);
        for (const [at, value] of changes) damaged[at % damaged.length] = value;
        await readAll(damaged, from);
      }),
      { numRuns: 1_500, interruptAfterTimeLimit: 20_000, markInterruptAsFailure: false },
    );
  }, 60_000);

  it('are decoded or refused, in time, wherever they are cut off', async () => {
    await fc.assert(
      fc.asyncProperty(recordSet, fc.nat(), async (set, cut) => {
        await readAll(set.subarray(0, cut % (set.length + 1)), 0);
      }),
      { numRuns: 500, interruptAfterTimeLimit: 10_000, markInterruptAsFailure: false },
    );
  }, 60_000);

  it('are refused as a response, unless they are one', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer({ min: 4, max: 11 }), (raw, version) => {
        const started = performance.now();
        try {
          decodeFetch(version, Buffer.from(raw));
        } catch (error) {
          expect(error).toBeInstanceOf(CorruptError);
        }
        expect(performance.now() - started).toBeLessThan(HANG_MS);
      }),
      { numRuns: 2_000 },
    );
  });
});
