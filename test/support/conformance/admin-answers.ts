import { alterConfigs, incrementalAlterConfigs } from '../../../lib/testing/broker/apis/alter-configs.js';
import { createPartitions } from '../../../lib/testing/broker/apis/create-partitions.js';
import { createTopics } from '../../../lib/testing/broker/apis/create-topics.js';
import { deleteGroupsApi } from '../../../lib/testing/broker/apis/delete-groups.js';
import { deleteTopics } from '../../../lib/testing/broker/apis/delete-topics.js';
import { describeCluster } from '../../../lib/testing/broker/apis/describe-cluster.js';
import { describeConfigs } from '../../../lib/testing/broker/apis/describe-configs.js';
import { describeGroupsApi } from '../../../lib/testing/broker/apis/describe-groups.js';
import { findCoordinator } from '../../../lib/testing/broker/apis/find-coordinator.js';
import { listGroupsApi } from '../../../lib/testing/broker/apis/list-groups.js';
import { metadata } from '../../../lib/testing/broker/apis/metadata.js';
import { NO_UUID } from '../../../lib/testing/broker/protocol/types.js';
import { eventually, unique } from '../kafka.js';
import type { RawClient } from '../raw-client.js';
import type { BrokerUnderTest, StartBroker } from './broker-under-test.js';
import { differences } from './differences.js';
import { RawLog } from './raw-log.js';
import { nameOf, RawMember } from './raw-member.js';

const UNKNOWN_ID = 'AAAAAAAAAAAAAAAAAAAAAg';
const TOPIC = 2;

interface NewTopic {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  readonly assignments: readonly { readonly index: number; readonly brokers: readonly number[] }[];
  readonly configs: readonly { readonly name: string; readonly value: string | null }[];
}

/** What a broker answers to who looks after topics and groups. */
export function adminAnswers(start: StartBroker): void {
  let broker: BrokerUnderTest;
  let log: RawLog;
  let client: RawClient;
  const newTopic = (changes: Partial<NewTopic> = {}): NewTopic => ({ name: unique('conformance'), partitions: 1, replicationFactor: 1, assignments: [], configs: [], ...changes });
  const create = async (topics: readonly NewTopic[], { version = 7, validateOnly = false } = {}) => (await client.call(createTopics, version, { timeoutMs: 5_000, validateOnly, topics })).topics;
  const topicsOf = async (names: readonly string[], version = 12) =>
    (await client.call(metadata, version, { topics: names.map((name) => ({ topicId: NO_UUID, name })), allowAutoTopicCreation: false, includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false })).topics;

  beforeAll(async () => {
    broker = await start();
    log = await RawLog.connect(broker.address, await broker.createTopic(2));
    client = log.client;
  });
  afterAll(async () => {
    log.close();
    await broker.stop();
  });

  describe('a topic', () => {
    it.each([2, 3, 4, 5, 6, 7])('is created, in version %i, once', async (version) => {
      const topic = newTopic({ partitions: 3 });
      const [created] = await create([topic], { version });
      expect(created).toMatchObject({ name: topic.name, errorCode: 0, partitions: version < 5 ? -1 : 3, replicationFactor: version < 5 ? -1 : 1 });
      expect(nameOf((await create([topic], { version }))[0].errorCode)).toBe('TOPIC_ALREADY_EXISTS');
      await eventually(async () => (await topicsOf([topic.name]))[0].partitions.length === 3, { what: 'the topic is known' });
    });

    it('is only looked at where that was asked for', async () => {
      const topic = newTopic();
      expect((await create([topic], { validateOnly: true }))[0]).toMatchObject({ errorCode: 0, partitions: 1 });
      expect((await topicsOf([topic.name])).map(({ errorCode }) => nameOf(errorCode))).toEqual(['UNKNOWN_TOPIC_OR_PARTITION']);
    });

    it.each<[string, Partial<NewTopic>, string]>([
      ['a name with a space', { name: 'bad name' }, 'INVALID_TOPIC_EXCEPTION'],
      ['no name', { name: '' }, 'INVALID_TOPIC_EXCEPTION'],
      ['a name of dots', { name: '..' }, 'INVALID_TOPIC_EXCEPTION'],
      ['a name of 250 characters', { name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
      ['no partitions', { partitions: 0 }, 'INVALID_PARTITIONS'],
      ['more replicas than brokers', { replicationFactor: 9 }, 'INVALID_REPLICATION_FACTOR'],
      ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
      ['a setting that does not exist', { configs: [{ name: 'nope', value: '1' }] }, 'INVALID_CONFIG'],
      ['a value that a setting cannot have', { configs: [{ name: 'retention.ms', value: 'x' }] }, 'INVALID_CONFIG'],
      ['a setting without a value', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
      ['an assignment beside a number of partitions', { assignments: [{ index: 0, brokers: [1] }] }, 'INVALID_REQUEST'],
      ['an assignment with a gap', { partitions: -1, replicationFactor: -1, assignments: [{ index: 1, brokers: [1] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
      ['an assignment to one broker twice', { partitions: -1, replicationFactor: -1, assignments: [{ index: 0, brokers: [1, 1] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
      ['an assignment to nobody', { partitions: -1, replicationFactor: -1, assignments: [{ index: 0, brokers: [99] }] }, 'INVALID_REPLICA_ASSIGNMENT'],
    ])('is refused with %s', async (_, changes, error) => {
      expect((await create([newTopic(changes)])).map(({ errorCode }) => nameOf(errorCode))).toEqual([error]);
    });

    it('that is named twice is refused once', async () => {
      const topic = newTopic();
      expect((await create([topic, topic])).map(({ name, errorCode }) => [name, nameOf(errorCode)])).toEqual([[topic.name, 'INVALID_REQUEST']]);
    });

    it.each([1, 2, 3, 4, 5, 6])('is deleted, in version %i of DeleteTopics', async (version) => {
      const [topic, missing] = [newTopic(), unique('missing')];
      await create([topic]);
      const names = [topic.name, missing];
      const answer = await client.call(deleteTopics, version, { timeoutMs: 5_000, topicNames: version < 6 ? names : [], topics: version < 6 ? [] : names.map((name) => ({ name, topicId: NO_UUID })) });
      expect(Object.fromEntries(answer.topics.map(({ name, errorCode }) => [name, nameOf(errorCode)]))).toEqual({ [topic.name]: 'NONE', [missing]: 'UNKNOWN_TOPIC_OR_PARTITION' });
      await eventually(async () => nameOf((await topicsOf([topic.name]))[0].errorCode) === 'UNKNOWN_TOPIC_OR_PARTITION', { what: 'nobody knows it any more' });
    });

    it('is deleted by its id', async () => {
      const [created] = await create([newTopic()]);
      const topics = [created.topicId, UNKNOWN_ID].map((topicId) => ({ name: null, topicId }));
      const answer = await client.call(deleteTopics, 6, { timeoutMs: 5_000, topicNames: [], topics });
      expect(answer.topics.map(({ topicId, errorCode }) => `${topicId} ${nameOf(errorCode)}`).sort()).toEqual([`${created.topicId} NONE`, `${UNKNOWN_ID} UNKNOWN_TOPIC_ID`].sort());
    });

    it.each([0, 1, 2, 3])('grows, in version %i of CreatePartitions, and does not shrink', async (version) => {
      const [topic] = await create([newTopic()]);
      await eventually(async () => (await topicsOf([topic.name]))[0].partitions.length === 1, { what: 'the topic is known' });
      const grow = async (count: number, name = topic.name, brokers?: number[]) =>
        nameOf((await client.call(createPartitions, version, { timeoutMs: 5_000, validateOnly: false, topics: [{ name, count, assignments: brokers ? [{ brokers }] : null }] })).topics[0].errorCode);
      expect([await grow(3), await grow(3), await grow(2), await grow(0), await grow(3, unique('missing'))]).toEqual(['NONE', 'INVALID_PARTITIONS', 'INVALID_PARTITIONS', 'INVALID_PARTITIONS', 'UNKNOWN_TOPIC_OR_PARTITION']);
      expect([await grow(5, topic.name, [1]), await grow(4, topic.name, [99])]).toEqual(['INVALID_REPLICA_ASSIGNMENT', 'INVALID_REPLICA_ASSIGNMENT']);
      await eventually(async () => (await topicsOf([topic.name]))[0].partitions.length === 3, { what: 'three partitions' });
    });
  });

  describe('metadata', () => {
    it.each([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])('tells of partitions and of what does not exist, in version %i', async (version) => {
      const missing = unique('missing');
      const topics = await topicsOf([log.topic, missing], version);
      const byName = new Map(topics.map((topic) => [topic.name, topic]));
      expect(byName.get(log.topic)?.partitions.map(({ index, leaderId, leaderEpoch, replicas, inSyncReplicas }) => ({ index, leaderId, leaderEpoch, replicas, inSyncReplicas })).sort((a, b) => a.index - b.index)).toEqual(
        [0, 1].map((index) => ({ index, leaderId: 1, leaderEpoch: version < 7 ? -1 : 0, replicas: [1], inSyncReplicas: [1] })),
      );
      expect(byName.get(missing)).toMatchObject({ errorCode: 3, partitions: [] });
    });

    it('is asked for by id, for names that cannot be, for all, and for nothing', async () => {
      const ask = (topics: readonly { topicId: string; name: string | null }[] | null) => client.call(metadata, 12, { topics, allowAutoTopicCreation: false, includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false });
      const [{ topicId }] = await topicsOf([log.topic]);
      expect((await ask([{ topicId, name: null }])).topics).toMatchObject([{ errorCode: 0, name: log.topic }]);
      expect((await ask([{ topicId: UNKNOWN_ID, name: null }])).topics).toMatchObject([{ errorCode: 100, name: null, topicId: UNKNOWN_ID }]);
      expect((await topicsOf(['bad name'])).map(({ errorCode }) => nameOf(errorCode))).toEqual(['INVALID_TOPIC_EXCEPTION']);
      expect((await ask(null)).topics.map(({ name }) => name)).toContain(log.topic);
      expect((await ask([])).topics).toEqual([]);
    });

    it.each([0, 1, 2])('of the cluster is described, in version %i of DescribeCluster', async (version) => {
      const described = await client.call(describeCluster, version, { includeClusterAuthorizedOperations: false, endpointType: 1, includeFencedBrokers: false });
      const { clusterId } = await client.call(metadata, 12, { topics: [], allowAutoTopicCreation: false, includeClusterAuthorizedOperations: false, includeTopicAuthorizedOperations: false });
      expect(described).toMatchObject({ errorCode: 0, clusterId, controllerId: 1 });
      expect(described.brokers.map(({ brokerId, host, port }) => `${brokerId} ${host}:${port}`)).toEqual([`1 ${broker.address}`]);
    });
  });

  describe('settings', () => {
    const describeOne = async (name: string, keys: string[] | null, type = TOPIC) => (await client.call(describeConfigs, 4, { includeSynonyms: false, includeDocumentation: false, resources: [{ type, name, keys }] })).results[0];
    const valueOf = async (name: string, key: string) => (await describeOne(name, [key])).configs.map(({ value, source }) => `${String(value)} from ${source}`);

    it('are described, those that were changed and those that were not', async () => {
      const [{ name }] = await create([newTopic({ configs: [{ name: 'cleanup.policy', value: 'compact' }] })]);
      const described = await describeOne(name, ['cleanup.policy', 'retention.ms', 'nope']);
      expect([...described.configs].sort((a, b) => (a.name < b.name ? -1 : 1)).map(({ name: key, value, source, type, readOnly }) => ({ key, value, source, type, readOnly }))).toEqual([
        { key: 'cleanup.policy', value: 'compact', source: 1, type: 7, readOnly: false },
        { key: 'retention.ms', value: '604800000', source: 5, type: 5, readOnly: false },
      ]);
    });

    it('are those of Kafka, but for what is documented to be absent', async () => {
      const { configs } = await describeOne(log.topic, null);
      const isAbsent = (name: string) => /^(local|remote)\.|\.throttled\.|^compression\..+\.level$/.test(name);
      expect(configs.some(({ name }) => isAbsent(name)) ? 'there' : 'not known').toBe(differences.settings[broker.kind]);
      expect(configs.filter(({ name }) => !isAbsent(name)).map(({ name, value, type }) => `${name} ${String(value)} ${type}`).sort()).toEqual([
        'cleanup.policy delete 7',
        'compression.type producer 2',
        'delete.retention.ms 86400000 5',
        'file.delete.delay.ms 60000 5',
        'flush.messages 9223372036854775807 5',
        'flush.ms 9223372036854775807 5',
        'index.interval.bytes 4096 3',
        'max.compaction.lag.ms 9223372036854775807 5',
        'max.message.bytes 1048588 3',
        'message.timestamp.after.max.ms 3600000 5',
        'message.timestamp.before.max.ms 9223372036854775807 5',
        'message.timestamp.type CreateTime 2',
        'min.cleanable.dirty.ratio 0.5 6',
        'min.compaction.lag.ms 0 5',
        'min.insync.replicas 1 3',
        'preallocate false 1',
        'retention.bytes -1 5',
        'retention.ms 604800000 5',
        'segment.bytes 1073741824 3',
        'segment.index.bytes 10485760 3',
        'segment.jitter.ms 0 5',
        'segment.ms 604800000 5',
        'unclean.leader.election.enable false 1',
      ]);
    });

    it('of what does not exist are refused', async () => {
      const refused = [await describeOne(unique('missing'), null), await describeOne('x', null, 9)];
      expect(refused.map(({ errorCode }) => nameOf(errorCode))).toEqual(['UNKNOWN_TOPIC_OR_PARTITION', 'INVALID_REQUEST']);
    });

    it.each([0, 1])('are changed one by one, in version %i of IncrementalAlterConfigs', async (version) => {
      const [{ name }] = await create([newTopic()]);
      const change = async (key: string, operation: number, value: string | null, topic = name) =>
        nameOf((await client.call(incrementalAlterConfigs, version, { validateOnly: false, resources: [{ type: TOPIC, name: topic, configs: [{ name: key, operation, value }] }] })).responses[0].errorCode);
      expect(await change('retention.ms', 0, '5000')).toBe('NONE');
      await eventually(async () => (await valueOf(name, 'retention.ms'))[0] === '5000 from 1', { what: 'the setting is changed' });
      expect(await change('retention.ms', 1, null)).toBe('NONE');
      await eventually(async () => (await valueOf(name, 'retention.ms'))[0] === '604800000 from 5', { what: 'the setting is as before' });
      expect([await change('retention.ms', 0, 'x'), await change('nope', 0, '1'), await change('retention.ms', 0, '1', unique('missing'))]).toEqual(['INVALID_CONFIG', 'INVALID_CONFIG', 'UNKNOWN_TOPIC_OR_PARTITION']);
    });

    it.each([0, 1, 2])('are replaced, in version %i of AlterConfigs', async (version) => {
      const [{ name }] = await create([newTopic({ configs: [{ name: 'cleanup.policy', value: 'compact' }] })]);
      const replace = async (configs: { name: string; value: string | null }[], topic = name) => nameOf((await client.call(alterConfigs, version, { validateOnly: false, resources: [{ type: TOPIC, name: topic, configs }] })).responses[0].errorCode);
      expect(await replace([{ name: 'retention.ms', value: '5000' }])).toBe('NONE');
      await eventually(async () => (await valueOf(name, 'cleanup.policy'))[0] === 'delete from 5', { what: 'what is not named is as before' });
      expect([await replace([{ name: 'nope', value: '1' }]), await replace([], unique('missing'))]).toEqual(['INVALID_CONFIG', 'UNKNOWN_TOPIC_OR_PARTITION']);
    });
  });

  describe('groups', () => {
    it.each([0, 1, 2, 3, 4, 5])('are listed, in version %i of ListGroups', async (version) => {
      const member = await RawMember.connect(broker.address, { groupId: unique('group') });
      await member.settle();
      const { groups } = await client.call(listGroupsApi, version, { statesFilter: [], typesFilter: [] });
      expect(groups.find(({ groupId }) => groupId === member.setup.groupId)).toMatchObject({ protocolType: 'consumer', ...(version < 4 ? {} : { groupState: 'Stable' }) });
      await member.leave();
      member.close();
    });

    it('that nobody knows are described as dead, and not deleted', async () => {
      const groupId = unique('group');
      const ask = (version: number) => client.call(describeGroupsApi, version, { groups: [groupId], includeAuthorizedOperations: false });
      expect([(await ask(5)).groups[0], (await ask(6)).groups[0]].map(({ errorCode, groupState }) => `${nameOf(errorCode)} ${groupState}`)).toEqual(['NONE Dead', 'GROUP_ID_NOT_FOUND Dead']);
      const { results } = await client.call(deleteGroupsApi, 2, { groupsNames: [groupId] });
      expect(results.map(({ errorCode }) => nameOf(errorCode))).toEqual(['GROUP_ID_NOT_FOUND']);
    });

    it('and transactions have a coordinator, and nothing else has', async () => {
      const find = (keyType: number) => client.call(findCoordinator, 4, { key: '', keyType, coordinatorKeys: [unique('key')] });
      const found = [await find(0), await find(1)].map(({ coordinators }) => coordinators[0]);
      expect(found).toMatchObject([{ errorCode: 0, nodeId: 1 }, { errorCode: 0, nodeId: 1 }]);
      const other = await find(3);
      expect(nameOf(other.coordinators[0]?.errorCode ?? other.errorCode)).toBe('INVALID_REQUEST');
    });
  });
}
