import { GroupCoordinator } from '../../../../lib/testing/broker/groups/group-coordinator.js';
import type { TransactionEnd } from '../../../../lib/testing/broker/log/partition-log.js';
import { ErrorCode } from '../../../../lib/testing/broker/protocol/error-codes.js';
import type { ProducerIdentity } from '../../../../lib/testing/broker/transactions/transaction.js';
import { TRANSACTION_SETTINGS, TransactionCoordinator, type TransactionSettings } from '../../../../lib/testing/broker/transactions/transaction-coordinator.js';
import { ManualClock } from '../../../support/fake-fetch-wire.js';

const TIMEOUT_MS = 60_000;
const OUTSIDE = { groupId: 'g', memberId: '', instanceId: null, generation: -1 };
const in0 = (topic: string) => ({ topic, partition: 0 });

/** A coordinator on a clock of the test, and the markers that it has written. */
class Bench {
  readonly clock = Object.assign(new ManualClock(), { epochMs: () => 0 });
  readonly markers: string[] = [];
  readonly groups = new GroupCoordinator(this);
  readonly topics = {
    partition: (topic: string, index: number) => ({
      endTransaction: ({ producerId, producerEpoch, committed }: TransactionEnd) => void this.markers.push(`${topic}/${index} ${producerId}@${producerEpoch} ${committed ? 'commit' : 'abort'}`),
    }),
  };
  readonly coordinator: TransactionCoordinator;

  constructor(settings: Partial<TransactionSettings> = {}) {
    this.coordinator = new TransactionCoordinator(this, { ...TRANSACTION_SETTINGS, ...settings });
  }
  start(own: ProducerIdentity | null = null): ProducerIdentity {
    const { errorCode, ...producer } = this.coordinator.initProducer('tx', TIMEOUT_MS, own);
    expect(errorCode).toBe(ErrorCode.NONE);
    return producer;
  }
  admit(producer: ProducerIdentity, topic: string): number {
    return this.coordinator.admit({ transactionalId: 'tx', ...producer, topic, partition: 0, version: 9 });
  }
  commitOffset(producer: ProducerIdentity): void {
    this.groups.commitInTransaction(OUTSIDE, producer.producerId, [{ ...in0('t'), offset: 5, leaderEpoch: -1, metadata: '' }]);
  }
  get committed(): number {
    return this.groups.fetchOffsets('g', [in0('t')], false)[0].offset;
  }
}

describe('A transaction', () => {
  it.each([
    [true, 'commit', 5],
    [false, 'abort', -1],
  ])('writes a marker into each of its partitions, and decides on its offsets (committed: %p)', (committed, marker, offset) => {
    const bench = new Bench();
    const producer = bench.start();
    bench.coordinator.addPartitions('tx', producer, [in0('a'), in0('b')]);
    bench.coordinator.addPartitions('tx', producer, [in0('b')]);
    bench.coordinator.addOffsets('tx', producer, 'g');
    bench.commitOffset(producer);
    expect(bench.coordinator.end('tx', producer, committed)).toBe(ErrorCode.NONE);
    expect(bench.markers).toEqual([`a/0 ${producer.producerId}@0 ${marker}`, `b/0 ${producer.producerId}@0 ${marker}`]);
    expect(bench.committed).toBe(offset);
  });

  it('lets batches in for the partitions that belong to it, while it is open', () => {
    const bench = new Bench();
    const producer = bench.start();
    expect(bench.admit(producer, 'a')).toBe(ErrorCode.INVALID_TXN_STATE);
    bench.coordinator.addPartitions('tx', producer, [in0('a')]);
    expect([bench.admit(producer, 'a'), bench.admit(producer, 'b')]).toEqual([ErrorCode.NONE, ErrorCode.INVALID_TXN_STATE]);
    bench.coordinator.end('tx', producer, true);
    expect(bench.admit(producer, 'a')).toBe(ErrorCode.INVALID_TXN_STATE);
    bench.coordinator.addPartitions('tx', producer, [in0('b')]);
    expect([bench.admit(producer, 'a'), bench.admit(producer, 'b')]).toEqual([ErrorCode.INVALID_TXN_STATE, ErrorCode.NONE]);
    const successorless = { ...producer, producerEpoch: 7 };
    expect(bench.admit(successorless, 'b')).toBe(ErrorCode.INVALID_PRODUCER_EPOCH);
  });

  it('is aborted when its time is over, counted from what came into it first', async () => {
    const bench = new Bench();
    const producer = bench.start();
    await bench.clock.pass(TIMEOUT_MS);
    bench.coordinator.addPartitions('tx', producer, [in0('a')]);
    await bench.clock.pass(TIMEOUT_MS - 1);
    bench.coordinator.addPartitions('tx', producer, [in0('b')]);
    expect(bench.markers).toEqual([]);
    await bench.clock.pass(1);
    expect(bench.markers).toEqual([`a/0 ${producer.producerId}@1 abort`, `b/0 ${producer.producerId}@1 abort`]);
    expect(bench.coordinator.end('tx', producer, true)).toBe(ErrorCode.PRODUCER_FENCED);
    expect(bench.start()).toEqual({ producerId: producer.producerId, producerEpoch: 2 });
  });

  it('leaves no timer behind that would end the next one', async () => {
    const bench = new Bench();
    const producer = bench.start();
    bench.coordinator.addPartitions('tx', producer, [in0('a')]);
    await bench.clock.pass(TIMEOUT_MS - 1);
    bench.coordinator.end('tx', producer, true);
    bench.coordinator.addPartitions('tx', producer, [in0('b')]);
    await bench.clock.pass(TIMEOUT_MS - 1);
    expect(bench.markers).toHaveLength(1);
    expect(bench.coordinator.end('tx', producer, true)).toBe(ErrorCode.NONE);
    expect(bench.clock.timerCount).toBe(0);
  });

  it('keeps the next one waiting until its markers are written, where that takes time', async () => {
    const bench = new Bench({ markerDelayMs: 20 });
    const producer = bench.start();
    bench.coordinator.addPartitions('tx', producer, [in0('a')]);
    bench.coordinator.addOffsets('tx', producer, 'g');
    bench.commitOffset(producer);
    expect(bench.coordinator.end('tx', producer, true)).toBe(ErrorCode.NONE);
    expect([bench.coordinator.addPartitions('tx', producer, [in0('a')]), bench.coordinator.end('tx', producer, true), bench.coordinator.end('tx', producer, false)]).toEqual([
      ErrorCode.CONCURRENT_TRANSACTIONS,
      ErrorCode.CONCURRENT_TRANSACTIONS,
      ErrorCode.INVALID_TXN_STATE,
    ]);
    expect(bench.coordinator.initProducer('tx', TIMEOUT_MS, null).errorCode).toBe(ErrorCode.CONCURRENT_TRANSACTIONS);
    expect(bench.committed).toBe(-1);
    await bench.clock.pass(20);
    expect(bench.committed).toBe(5);
    expect(bench.coordinator.addPartitions('tx', producer, [in0('a')])).toBe(ErrorCode.NONE);
  });
});

describe('A transactional producer', () => {
  it('that takes the id of another one aborts what that has open, and fences it', () => {
    const bench = new Bench();
    const first = bench.start();
    bench.coordinator.addPartitions('tx', first, [in0('a')]);
    expect(bench.coordinator.initProducer('tx', TIMEOUT_MS, null)).toEqual({ errorCode: ErrorCode.CONCURRENT_TRANSACTIONS, producerId: -1, producerEpoch: -1 });
    expect(bench.markers).toEqual([`a/0 ${first.producerId}@1 abort`]);
    expect(bench.coordinator.end('tx', first, true)).toBe(ErrorCode.PRODUCER_FENCED);
    expect(bench.start()).toEqual({ producerId: first.producerId, producerEpoch: 2 });
  });

  it('gets another producer id when its epochs are used up', () => {
    const bench = new Bench();
    for (let epoch = 0; epoch < 32_766; epoch++) bench.coordinator.initProducer('tx', TIMEOUT_MS, null);
    const producer = bench.start();
    expect(producer.producerEpoch).toBe(32_766);
    const next = bench.start(producer);
    expect(next.producerEpoch).toBe(0);
    expect(next.producerId).not.toBe(producer.producerId);
    // It may not have heard of it.
    expect(bench.start(producer)).toEqual(next);
  });
});
