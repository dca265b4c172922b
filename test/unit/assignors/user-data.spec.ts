import fc from 'fast-check';
import { NO_CLAIMS, type TopicPartitions } from '../../../lib/assignors/claims.js';
import { decodeClaims, decodeMark, encodeClaims, encodeMark, NO_MARK } from '../../../lib/assignors/user-data.js';

const NOTHING = { ...NO_CLAIMS, understands: false };
const bytes = (...parts: (string | number[])[]): Buffer => Buffer.concat(parts.map((part) => Buffer.from(part)));
const HEADER = 'kmtc\u0001';

const topic = fc.oneof(fc.stringMatching(/^[\w.-]{1,20}$/), fc.constantFrom('__proto__', 'constructor', 'toString'));
const topicPartitions: fc.Arbitrary<TopicPartitions> = fc
  .uniqueArray(fc.tuple(topic, fc.uniqueArray(fc.nat(300), { maxLength: 60 })), { selector: ([name]) => name, maxLength: 5 })
  .map((entries) => new Map(entries));
const sorted = (partitions: TopicPartitions): TopicPartitions => new Map([...partitions].map(([name, list]) => [name, [...list].sort((a, b) => a - b)]));
const claims = fc.record({
  generation: fc.integer({ min: -1, max: 2 ** 31 - 1 }),
  leaving: fc.boolean(),
  owned: topicPartitions,
  draining: topicPartitions,
  preferred: topicPartitions,
  counts: fc.uniqueArray(fc.tuple(topic, fc.nat()), { selector: ([name]) => name, maxLength: 5 }).map((entries) => new Map(entries)),
});

describe('claims in user data', () => {
  it('come back as they were, partitions ascending', () => {
    fc.assert(
      fc.property(claims, (given) => {
        expect(decodeClaims(encodeClaims(given))).toEqual({
          ...given,
          owned: sorted(given.owned),
          draining: sorted(given.draining),
          preferred: sorted(given.preferred),
          understands: true,
        });
      }),
    );
  });

  it('are read from any view of bytes', () => {
    const encoded = encodeClaims({ ...NO_CLAIMS, owned: new Map([['a', [3]]]) });
    const view = new Uint8Array(Buffer.concat([Buffer.alloc(7), encoded]).buffer.slice(0)).subarray(7, 7 + encoded.length);
    expect(decodeClaims(Buffer.concat([encoded]).subarray()).owned).toEqual(new Map([['a', [3]]]));
    expect(decodeClaims(view).understands).toBe(decodeClaims(Uint8Array.from(view)).understands);
  });

  it('take a few bytes where partitions are neighbours, and less than JSON where they are not', () => {
    const neighbours = Array.from({ length: 2_000 }, (_, partition) => partition);
    const everyThird = neighbours.map((partition) => 3 * partition);
    const size = (owned: number[]): number => encodeClaims({ ...NO_CLAIMS, owned: new Map([['orders', owned]]) }).length;
    expect(size(neighbours)).toBeLessThan(30);
    expect(size(everyThird)).toBeLessThan(2.1 * everyThird.length);
  });

  it('may be followed by fields of a later release', () => {
    const encoded = encodeClaims({ ...NO_CLAIMS, generation: 7 });
    expect(decodeClaims(Buffer.concat([encoded, Buffer.from([1, 2, 3])]))).toEqual({ ...NO_CLAIMS, generation: 7, understands: true });
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['null', null],
    ['what a plain kafkajs application put there', Buffer.from('{"weights":{"a":1}}')],
    ['a mark', encodeMark(NO_MARK)],
    ['a later version', bytes('kmtc\u0002', [0, 0, 0, 0, 0])],
    ['a number without end', bytes(HEADER, Array<number>(100).fill(0xff))],
    ['more topics than bytes', bytes(HEADER, [0, 1, 0xff, 0xff, 0xff, 0xff, 0x0f])],
    ['a name longer than the rest', bytes(HEADER, [0, 1, 1, 0xff, 0xff, 0xff, 0x7f, 97])],
    ['a range of two billion partitions', bytes(HEADER, [0, 1, 1, 1, 97, 1, 0, 0xff, 0xff, 0xff, 0xff, 0x07, 0])],
    ['an empty range', bytes(HEADER, [0, 1, 1, 1, 97, 1, 4, 0, 0])],
    ['a partition number beyond 31 bits', bytes(HEADER, [0, 1, 1, 1, 97, 1, 0xff, 0xff, 0xff, 0xff, 0x7f, 1, 0])],
    ['one topic twice', bytes(HEADER, [0, 1, 2, 1, 97, 1, 0, 1, 1, 97, 1, 1, 1, 0])],
  ])('are none in %s', (_name, userData) => {
    expect(decodeClaims(userData)).toEqual(NOTHING);
  });

  it('are none when cut off at any place', () => {
    const encoded = encodeClaims({ ...NO_CLAIMS, generation: 300, owned: new Map([['orders', [1, 2, 9]]]), draining: new Map([['orders', [9]]]), counts: new Map([['orders', 12]]) });
    for (let length = 0; length < encoded.length; length++) expect(decodeClaims(encoded.subarray(0, length))).toEqual(NOTHING);
  });

  it('never make the reader throw, nor hold more partitions than it allows', () => {
    const body = fc.uint8Array({ maxLength: 80 });
    fc.assert(
      fc.property(fc.constantFrom('', HEADER), body, (header, rest) => {
        const { owned, draining, preferred } = decodeClaims(bytes(header, [...rest]));
        const count = [...owned.values(), ...draining.values(), ...preferred.values()].reduce((sum, list) => sum + list.length, 0);
        expect(count).toBeLessThanOrEqual(1_000_000);
      }),
      { numRuns: 2_000 },
    );
  });

  it('that are no numbers from 0 on are refused when written', () => {
    expect(() => encodeClaims({ ...NO_CLAIMS, owned: new Map([['a', [-1]]]) })).toThrow(new RangeError('Claims and marks hold integers from 0 on, not -1'));
    expect(() => encodeClaims({ ...NO_CLAIMS, generation: NaN })).toThrow(RangeError);
  });
});

describe('the mark of a leader', () => {
  it('comes back as it was', () => {
    fc.assert(
      fc.property(fc.boolean(), topicPartitions, (honoured, lost) => {
        expect(decodeMark(encodeMark({ honoured, lost }))).toEqual({ honoured, lost: sorted(lost) });
      }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['null', null],
    ['claims', encodeClaims(NO_CLAIMS)],
    ['a mark that is cut off', encodeMark({ honoured: true, lost: new Map([['a', [1]]]) }).subarray(0, 8)],
    ['a later version', bytes('kmta\u0002', [1, 0])],
  ])('is taken as "claims were not honoured" from %s', (_name, userData) => {
    expect(decodeMark(userData)).toEqual({ honoured: false, lost: new Map() });
  });
});
