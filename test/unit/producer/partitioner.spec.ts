import fc from 'fast-check';
import { Partitioners } from 'kafkajs';
import { defaultPartitioner } from '../../../lib/producer/partitioner.js';

const layout = (partitions: number, leaderless: readonly number[] = []) =>
  Array.from({ length: partitions }, (_, partitionId) => ({ partitionErrorCode: 0, partitionId, leader: leaderless.includes(partitionId) ? -1 : 1, replicas: [], isr: [] }));

test("keys, text and bytes, go where kafkajs's default puts them", () => {
  const [ours, theirs] = [defaultPartitioner(), Partitioners.DefaultPartitioner()];
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: 'binary' }), fc.uint8Array().map((bytes) => Buffer.from(bytes))), fc.integer({ min: 1, max: 1000 }), (key, partitions) => {
      const message = { key, value: null };
      const partitionMetadata = layout(partitions);
      expect(ours({ topic: 't', partitionMetadata, message })).toBe(theirs({ topic: 't', partitionMetadata, message }));
    }),
  );
});

test('records without a key visit the partitions that have a leader in turn, or all where none has', () => {
  const ours = defaultPartitioner();
  const visited = (partitionMetadata: ReturnType<typeof layout>) => Array.from({ length: 8 }, () => ours({ topic: 't', partitionMetadata, message: { value: null } })).sort();
  expect(visited(layout(4, [1, 3]))).toEqual([0, 0, 0, 0, 2, 2, 2, 2]);
  expect(visited(layout(2, [0, 1]))).toEqual([0, 0, 0, 0, 1, 1, 1, 1]);
});
