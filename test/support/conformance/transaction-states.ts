import { offsetFetchApi } from '../../../lib/testing/broker/apis/offset-fetch.js';
import { addPartitionsToTxnApi } from '../../../lib/testing/broker/apis/add-partitions-to-txn.js';
import { eventually, unique } from '../kafka.js';
import type { BrokerUnderTest, StartBroker } from './broker-under-test.js';
import { nameOf, RawMember, subscription } from './raw-member.js';
import { RawProducer } from './raw-producer.js';

/** What a coordinator of transactions answers, state by state, to clients of `transaction.version` 1. */
export function transactionStates(start: StartBroker): void {
  let broker: BrokerUnderTest;
  let topic: string;
  let groupId: string;
  let transactionalId: string;
  let producer: RawProducer;
  const opened: { close(): void }[] = [];
  const another = async (id = transactionalId): Promise<RawProducer> => {
    const connected = await RawProducer.connect(broker.address, id);
    opened.push(connected);
    return connected;
  };
  const fetched = async (requireStable = false): Promise<{ offset: number; error: string }> => {
    const { groups } = await producer.client.call(offsetFetchApi, 8, { groupId: '', topics: [], groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }], requireStable });
    const [{ committedOffset, errorCode }] = groups[0].topics[0].partitions;
    return { offset: committedOffset, error: nameOf(errorCode) };
  };

  beforeAll(async () => {
    broker = await start();
    topic = await broker.createTopic(1);
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    groupId = unique('group');
    transactionalId = unique('tx');
    producer = await another();
    opened.push(await RawMember.connect(broker.address, { groupId }));
  });
  afterEach(() => {
    for (const each of opened.splice(0)) each.close();
  });

  describe('a producer', () => {
    it.each([0, 1, 2, 3, 4, 5])('gets an id, in version %i of InitProducerId', async (version) => {
      const [first, second] = [await producer.init({ transactionalId: null, version }), await producer.init({ transactionalId: null, version })];
      expect([first, second]).toMatchObject([{ error: 'NONE', producerEpoch: 0 }, { error: 'NONE', producerEpoch: 0 }]);
      expect(second.producerId).not.toBe(first.producerId);
      expect(await producer.init({ version })).toMatchObject({ error: 'NONE', producerEpoch: 0 });
    });

    it('has the id of its predecessor, and the next epoch', async () => {
      const first = await producer.start();
      const successor = await another();
      expect(await successor.start()).toEqual({ producerId: first.producerId, producerEpoch: 1 });
    });

    it('goes on after an error, once for each epoch, as long as nobody else has its id', async () => {
      const { producerId } = await producer.start();
      expect(await producer.init({ producerId, producerEpoch: 0 })).toMatchObject({ error: 'NONE', producerId, producerEpoch: 1 });
      expect(await producer.init({ producerId, producerEpoch: 0 })).toMatchObject({ error: 'NONE', producerId, producerEpoch: 1 });
      const successor = await another();
      expect(await successor.start()).toEqual({ producerId, producerEpoch: 2 });
      expect(await producer.init({ producerId, producerEpoch: 1 })).toMatchObject({ error: 'PRODUCER_FENCED', producerId: -1, producerEpoch: -1 });
      expect(await producer.init({ producerId, producerEpoch: 1, version: 3 })).toMatchObject({ error: 'INVALID_PRODUCER_EPOCH' });
      expect(await producer.init({ producerId: producerId + 1_000_000, producerEpoch: 2 })).toMatchObject({ error: 'PRODUCER_FENCED' });
    });

    it.each([
      ['no time', { transactionTimeoutMs: 0 }, 'INVALID_TRANSACTION_TIMEOUT'],
      ['more time than a broker allows', { transactionTimeoutMs: 900_001 }, 'INVALID_TRANSACTION_TIMEOUT'],
      ['an empty id', { transactionalId: '' }, 'INVALID_REQUEST'],
      ['an id of its own and no epoch', { producerId: 5 }, 'INVALID_REQUEST'],
    ])('is refused with %s', async (_, changes, error) => {
      expect(await producer.init(changes)).toMatchObject({ error });
    });

    it('waits until the transaction of its predecessor is aborted', async () => {
      const { producerId } = await producer.start();
      await producer.addPartition(topic);
      const successor = await another();
      expect(await successor.init()).toMatchObject({ error: 'CONCURRENT_TRANSACTIONS', producerId: -1, producerEpoch: -1 });
      expect((await successor.start()).producerId).toBe(producerId);
      expect(successor.producerEpoch).toBeGreaterThan(1);
      expect(await producer.end(true)).toBe('PRODUCER_FENCED');
    });

    it.each([
      [1, 'INVALID_PRODUCER_EPOCH'],
      [2, 'PRODUCER_FENCED'],
    ])('that was fenced is told so, in versions from %i on', async (version, error) => {
      await producer.start();
      await (await another()).start();
      expect([await producer.addPartition(topic, {}, version), await producer.addOffsets(groupId, {}, version), await producer.end(true, {}, version)]).toEqual([error, error, error]);
    });

    it('that nobody knows is told so', async () => {
      const identity = { producerId: 0, producerEpoch: 0 };
      const unknown = 'INVALID_PRODUCER_ID_MAPPING';
      expect([await producer.addPartition(topic, identity), await producer.addOffsets(groupId, identity), await producer.end(true, identity)]).toEqual([unknown, unknown, unknown]);
      await producer.start();
      const other = { producerId: producer.producerId + 1_000_000 };
      expect([await producer.addPartition(topic, other), await producer.addOffsets(groupId, other), await producer.end(true, other)]).toEqual([unknown, unknown, unknown]);
    });
  });

  describe('a transaction', () => {
    it('that has nothing in it can not end', async () => {
      await producer.start();
      expect([await producer.end(true), await producer.end(false)]).toEqual(['INVALID_TXN_STATE', 'INVALID_TXN_STATE']);
    });

    it.each([true, false])('can end once more as it has ended, and not otherwise (committed: %p)', async (committed) => {
      await producer.start();
      expect([await producer.addPartition(topic), await producer.addPartition(topic)]).toEqual(['NONE', 'NONE']);
      expect(await producer.end(committed)).toBe('NONE');
      expect(await producer.settled(() => producer.end(committed))).toBe('NONE');
      expect(await producer.end(!committed)).toBe('INVALID_TXN_STATE');
      expect(await producer.settled(() => producer.addPartition(topic))).toBe('NONE');
      expect(await producer.end(!committed)).toBe('NONE');
    });

    it.each([0, 1, 2, 3])('takes partitions and ends, in version %i', async (version) => {
      await producer.start();
      expect([await producer.addPartition(topic, {}, version), await producer.addOffsets(groupId, {}, version), await producer.end(true, {}, version)]).toEqual(['NONE', 'NONE', 'NONE']);
    });

    it('takes all partitions that are named, or none', async () => {
      await producer.start();
      const { results } = await producer.client.call(addPartitionsToTxnApi, 3, { transactionalId, ...producer.identity, topics: [{ name: topic, partitions: [0, 7] }, { name: 'no-such-topic', partitions: [0] }] });
      const named = results.flatMap(({ name, resultsByPartition }) => resultsByPartition.map(({ partitionIndex, partitionErrorCode }) => `${name === topic ? 'topic' : name} ${partitionIndex} ${nameOf(partitionErrorCode)}`));
      expect(named.sort()).toEqual(['no-such-topic 0 UNKNOWN_TOPIC_OR_PARTITION', 'topic 0 OPERATION_NOT_ATTEMPTED', 'topic 7 UNKNOWN_TOPIC_OR_PARTITION']);
      expect(await producer.end(true)).toBe('INVALID_TXN_STATE');
    });

    it('that takes too long is aborted, and its producer fenced', async () => {
      await producer.start({ transactionTimeoutMs: 200 });
      await producer.addOffsets(groupId);
      expect(await producer.commitOffset(groupId, topic)).toBe('NONE');
      await eventually(async () => (await producer.addOffsets(groupId)) === 'PRODUCER_FENCED', { what: 'the producer is fenced', within: 25_000 });
      expect(await producer.end(true)).toBe('PRODUCER_FENCED');
      await eventually(async () => (await fetched(true)).error === 'NONE', { what: 'no offset is held back' });
      expect((await fetched()).offset).toBe(-1);
    });
  });

  describe('offsets in a transaction', () => {
    it.each([
      [true, 5],
      [false, -1],
    ])('are there when it has ended (committed: %p)', async (committed, offset) => {
      await producer.start();
      await producer.addOffsets(groupId);
      expect(await producer.commitOffset(groupId, topic)).toBe('NONE');
      expect([await fetched(), await fetched(true)]).toEqual([
        { offset: -1, error: 'NONE' },
        { offset: -1, error: 'UNSTABLE_OFFSET_COMMIT' },
      ]);
      await producer.end(committed);
      await eventually(async () => (await fetched(true)).error === 'NONE', { what: 'the marker is written' });
      expect(await fetched()).toEqual({ offset, error: 'NONE' });
    });

    it.each([0, 1, 2, 3, 4])('are taken in version %i of TxnOffsetCommit', async (version) => {
      await producer.start();
      await producer.addOffsets(groupId);
      expect(await producer.commitOffset(groupId, topic, { version })).toBe('NONE');
      await producer.end(true);
      await eventually(async () => (await fetched()).offset === 5, { what: 'the offset is committed' });
    });

    it('are taken from members alone, where a member is named', async () => {
      await producer.start();
      await producer.addOffsets(groupId);
      const identified = (memberId: string, generationId: number) => producer.commitOffset(groupId, topic, { memberId, generationId });
      expect(await identified('me', 1)).toBe('ILLEGAL_GENERATION');
      const one = await RawMember.connect(broker.address, { groupId });
      opened.push(one);
      await one.settle();
      const { id, generation } = one;
      expect([await identified(id, generation), await identified(id, generation - 1), await identified('who', generation), await identified('', -1), await identified(id, -1)]).toEqual([
        'NONE',
        'ILLEGAL_GENERATION',
        'UNKNOWN_MEMBER_ID',
        'NONE',
        'ILLEGAL_GENERATION',
      ]);
      await one.join({ protocols: [{ name: 'range', metadata: subscription('another') }] });
      expect(await identified(one.id, one.generation)).toBe('NONE');
    });

    it('are refused outside of the transaction, and for what is wrong with them', async () => {
      await producer.start();
      expect(await producer.commitOffset(groupId, topic)).toBe('INVALID_TXN_STATE');
      await producer.addOffsets(groupId);
      const refused = [
        await producer.commitOffset(groupId, topic, { producerEpoch: producer.producerEpoch + 1 }),
        await producer.commitOffset(groupId, topic, { producerId: producer.producerId + 1_000_000 }),
        await producer.commitOffset(groupId, 'no-such-topic'),
        await producer.commitOffset(groupId, topic, { partition: 3 }),
        await producer.commitOffset(groupId, topic, { metadata: 'x'.repeat(4097) }),
        await producer.commitOffset('', topic),
      ];
      expect(refused).toEqual(['INVALID_PRODUCER_EPOCH', 'INVALID_PRODUCER_ID_MAPPING', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION', 'OFFSET_METADATA_TOO_LARGE', 'INVALID_GROUP_ID']);
      const successor = await another();
      await successor.start();
      expect(await producer.commitOffset(groupId, topic)).toBe('INVALID_PRODUCER_EPOCH');
    });
  });
}
