import { Kafka } from 'kafkajs';
import { EmbeddedKafka } from 'nestjs-kafka-many-threads/testing';
import type { Api } from '../../lib/testing/broker/apis/api.js';
import { addOffsetsToTxnApi } from '../../lib/testing/broker/apis/add-offsets-to-txn.js';
import { addPartitionsToTxnApi } from '../../lib/testing/broker/apis/add-partitions-to-txn.js';
import { deleteGroupsApi } from '../../lib/testing/broker/apis/delete-groups.js';
import { describeGroupsApi } from '../../lib/testing/broker/apis/describe-groups.js';
import { endTxnApi } from '../../lib/testing/broker/apis/end-txn.js';
import { findCoordinator } from '../../lib/testing/broker/apis/find-coordinator.js';
import { heartbeatApi } from '../../lib/testing/broker/apis/heartbeat.js';
import { initProducerIdApi } from '../../lib/testing/broker/apis/init-producer-id.js';
import { joinGroupApi } from '../../lib/testing/broker/apis/join-group.js';
import { leaveGroupApi } from '../../lib/testing/broker/apis/leave-group.js';
import { listGroupsApi } from '../../lib/testing/broker/apis/list-groups.js';
import { offsetCommitApi } from '../../lib/testing/broker/apis/offset-commit.js';
import { offsetDeleteApi } from '../../lib/testing/broker/apis/offset-delete.js';
import { offsetFetchApi } from '../../lib/testing/broker/apis/offset-fetch.js';
import { syncGroupApi } from '../../lib/testing/broker/apis/sync-group.js';
import { txnOffsetCommitApi } from '../../lib/testing/broker/apis/txn-offset-commit.js';
import { ErrorCode } from '../../lib/testing/broker/protocol/error-codes.js';
import { RawMember } from '../support/conformance/raw-member.js';
import { eventually } from '../support/kafka.js';
import { RawClient } from '../support/raw-client.js';

const groupId = 'g';
const transactionalId = 'tx';
const producer = { producerId: 1, producerEpoch: 0 };
const member = { groupId, memberId: 'm', generationId: 1, groupInstanceId: null };
const commits = [{ name: 't', partitions: [{ partitionIndex: 0, committedOffset: 1, committedMetadata: '' }] }];

let kafka: EmbeddedKafka;
let clients: RawClient[];
beforeEach(async () => {
  kafka = await EmbeddedKafka.start({ brokers: 2, topics: [{ name: 't' }] });
  clients = await Promise.all(kafka.brokers.map((address) => RawClient.connect(address)));
});
afterEach(async () => {
  for (const client of clients) client.close();
  await kafka.stop();
});
const coordinatorOf = async (key: string, keyType: number): Promise<number> => (await clients[0].call(findCoordinator, 3, { key, keyType, coordinatorKeys: [] })).nodeId;

describe('A broker that is not the coordinator', () => {
  const ask = <Req, ReqW, ResR, Res>(api: Api<Req, ReqW, ResR, Res>, request: ReqW) => ({ name: api.name, call: (client: RawClient): Promise<unknown> => client.call(api, api.versions[1], request) });
  const groups = [{ groupId, topics: [{ name: 't', partitionIndexes: [0] }] }];
  const ofGroup = [
    ask(joinGroupApi, { groupId, memberId: '', sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000, groupInstanceId: null, protocolType: 'consumer', protocols: [] }),
    ask(syncGroupApi, { ...member, protocolType: 'consumer', protocolName: 'range', assignments: [] }),
    ask(heartbeatApi, member),
    ask(leaveGroupApi, { groupId, memberId: 'm', members: [{ memberId: 'm', groupInstanceId: null }] }),
    ask(offsetCommitApi, { ...member, topics: commits }),
    ask(offsetFetchApi, { groupId, topics: [], groups, requireStable: false }),
    ask(offsetDeleteApi, { groupId, topics: [{ name: 't', partitions: [{ partitionIndex: 0 }] }] }),
    ask(describeGroupsApi, { groups: [groupId], includeAuthorizedOperations: false }),
    ask(deleteGroupsApi, { groupsNames: [groupId] }),
    ask(txnOffsetCommitApi, { transactionalId, groupId, ...producer, topics: commits }),
  ];
  const ofTransaction = [
    ask(initProducerIdApi, { transactionalId, transactionTimeoutMs: 1000 }),
    ask(addPartitionsToTxnApi, { transactionalId, ...producer, topics: [{ name: 't', partitions: [0] }] }),
    ask(addOffsetsToTxnApi, { transactionalId, ...producer, groupId }),
    ask(endTxnApi, { transactionalId, ...producer, committed: true }),
  ];
  /** Every error code that an answer has, wherever it has one. */
  const codes = (answer: unknown): number[] =>
    Object.entries(answer ?? {}).flatMap(([name, value]: [string, unknown]) => (/errorCode$/i.test(name) ? [Number(value)] : typeof value === 'object' && !Buffer.isBuffer(value) ? codes(value) : []));

  it.each(ofGroup)('says so to $name', async ({ call }) => {
    const right = await coordinatorOf(groupId, 0);
    expect(codes(await call(clients[2 - right]))).toContain(ErrorCode.NOT_COORDINATOR);
    expect(codes(await call(clients[right - 1]))).not.toContain(ErrorCode.NOT_COORDINATOR);
  });

  it.each(ofTransaction)('says so to $name', async ({ call }) => {
    const right = await coordinatorOf(transactionalId, 1);
    expect(codes(await call(clients[2 - right]))).toContain(ErrorCode.NOT_COORDINATOR);
    expect(codes(await call(clients[right - 1]))).not.toContain(ErrorCode.NOT_COORDINATOR);
  });

  it('lists the groups of the others not', async () => {
    const right = await coordinatorOf(groupId, 0);
    await clients[right - 1].call(offsetCommitApi, 8, { ...member, memberId: '', generationId: -1, topics: commits });
    const listed = await Promise.all(clients.map((client) => client.call(listGroupsApi, 5, { statesFilter: [], typesFilter: [] })));
    expect(listed.map((answer) => answer.groups.length)).toEqual(right === 1 ? [1, 0] : [0, 1]);
  });

  it('any more answers what waits, and the next one goes on with the group', async () => {
    const right = await coordinatorOf(groupId, 0);
    const [one, two] = [await RawMember.connect(kafka.brokers[right - 1], { groupId }), await RawMember.connect(kafka.brokers[right - 1], { groupId })];
    await one.settle();
    const joining = two.enter();
    await eventually(async () => (await one.heartbeat()) === 'REBALANCE_IN_PROGRESS', { what: 'the other one joins' });
    await kafka.moveCoordinator(groupId, 3 - right);
    expect((await joining).errorCode).toBe(ErrorCode.NOT_COORDINATOR);
    expect(await one.heartbeat()).toBe('NOT_COORDINATOR');
    const there = await clients[2 - right].call(heartbeatApi, 4, { groupId, memberId: one.id, generationId: one.generation, groupInstanceId: null });
    expect(there.errorCode).toBe(ErrorCode.NONE);
    one.close();
    two.close();
  });
});

describe("kafkajs's transactional producer", () => {
  it('writes what a read_committed consumer sees, and commits offsets with it', async () => {
    const client = new Kafka({ brokers: kafka.brokers, logLevel: 0 });
    const sender = client.producer({ transactionalId: 'shop', idempotent: true, maxInFlightRequests: 1 });
    await sender.connect();
    for (const value of ['kept', 'dropped', 'kept too']) {
      const transaction = await sender.transaction();
      await transaction.send({ topic: 't', messages: [{ value }] });
      await transaction.sendOffsets({ consumerGroupId: groupId, topics: [{ topic: 't', partitions: [{ partition: 0, offset: String(value.length) }] }] });
      expect(kafka.committed(groupId, 't').map(({ offset }) => offset)).toEqual(value === 'kept' ? [] : ['kept'.length]);
      await (value === 'dropped' ? transaction.abort() : transaction.commit());
    }
    await sender.disconnect();
    expect(kafka.committed(groupId, 't')).toMatchObject([{ partition: 0, offset: 'kept too'.length }]);

    const seen: (string | undefined)[] = [];
    const consumer = client.consumer({ groupId: 'reader', maxWaitTimeInMs: 100 });
    await consumer.connect();
    await consumer.subscribe({ topic: 't', fromBeginning: true });
    await consumer.run({ eachMessage: async ({ message }) => void seen.push(message.value?.toString()) });
    await eventually(() => seen.length === 2, { what: 'both are read', show: () => seen });
    await consumer.disconnect();
    expect(seen).toEqual(['kept', 'kept too']);
    // Three records, three markers.
    const admin = kafka.admin();
    await admin.connect();
    expect(await admin.fetchTopicOffsets('t')).toMatchObject([{ high: '6' }]);
  });
});
