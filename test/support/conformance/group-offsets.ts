import { deleteGroupsApi } from '../../../lib/testing/broker/apis/delete-groups.js';
import { describeGroupsApi } from '../../../lib/testing/broker/apis/describe-groups.js';
import { listGroupsApi } from '../../../lib/testing/broker/apis/list-groups.js';
import { offsetCommitApi } from '../../../lib/testing/broker/apis/offset-commit.js';
import { offsetDeleteApi } from '../../../lib/testing/broker/apis/offset-delete.js';
import { offsetFetchApi } from '../../../lib/testing/broker/apis/offset-fetch.js';
import { eventually, unique } from '../kafka.js';
import type { BrokerUnderTest, StartBroker } from './broker-under-test.js';
import { nameOf, RawMember, subscription } from './raw-member.js';

const OUTSIDE = { memberId: '', generationId: -1, groupInstanceId: null };
const FULL = '㐀'.repeat(4096);

/** What is committed, found, described and deleted. */
export function groupOffsets(start: StartBroker): void {
  let broker: BrokerUnderTest;
  let topic: string;
  let groupId: string;
  let outside: RawMember;
  const members: RawMember[] = [];
  const member = async (setup: Partial<RawMember['setup']> = {}): Promise<RawMember> => {
    const connected = await RawMember.connect(broker.address, { groupId, protocols: [{ name: 'range', metadata: subscription(topic) }], ...setup });
    members.push(connected);
    return connected;
  };
  const commitAll = async (offsets: readonly (readonly [number, number, string | null])[], topicName = topic, version = 8): Promise<string[]> => {
    const partitions = offsets.map(([partitionIndex, committedOffset, committedMetadata]) => ({ partitionIndex, committedOffset, committedMetadata }));
    const answer = await outside.client.call(offsetCommitApi, version, { groupId, ...OUTSIDE, topics: [{ name: topicName, partitions }] });
    return answer.topics.flatMap((each) => each.partitions.map(({ errorCode }) => nameOf(errorCode)));
  };
  /** `partition@offset metadata error`, of one group. */
  const fetch = async (partitionIndexes: readonly number[] | null, version = 9): Promise<string[]> => {
    const topics = partitionIndexes === null ? null : [{ name: topic, partitionIndexes }];
    const answer = await outside.client.call(offsetFetchApi, version, { groupId, topics, groups: [{ groupId, topics }], requireStable: false });
    const found = version < 8 ? answer.topics : answer.groups[0].topics;
    return found.flatMap(({ partitions }) => partitions.map((each) => `${each.partitionIndex}@${each.committedOffset} ${each.metadata} ${nameOf(each.errorCode)}`)).sort();
  };

  beforeAll(async () => {
    broker = await start();
    topic = await broker.createTopic(90);
  });
  afterAll(() => broker.stop());
  beforeEach(async () => {
    groupId = unique('group');
    outside = await member();
  });
  afterEach(() => {
    for (const each of members.splice(0)) each.close();
  });

  describe('a commit', () => {
    it.each([2, 3, 4, 5, 6, 7, 8, 9])('is there, with its metadata, in version %i of OffsetCommit', async (version) => {
      expect(await commitAll([[0, 7, 'seven'], [1, 8, null]], topic, version)).toEqual(['NONE', 'NONE']);
      expect(await fetch([0, 1, 2])).toEqual(['0@7 seven NONE', '1@8  NONE', '2@-1  NONE']);
    });

    it.each([1, 2, 3, 4, 5, 6, 7, 8, 9])('is found in version %i of OffsetFetch', async (version) => {
      await commitAll([[0, 7, 'seven']]);
      expect(await fetch([0, 1], version)).toEqual(['0@7 seven NONE', '1@-1  NONE']);
      if (version >= 2) expect(await fetch(null, version)).toEqual(['0@7 seven NONE']);
    });

    it('is found for several groups at once, also for one that is not there', async () => {
      await commitAll([[0, 7, '']]);
      const topics = [{ name: topic, partitionIndexes: [0] }, { name: 'no-such-topic', partitionIndexes: [3] }];
      const groups = [{ groupId, topics }, { groupId: 'no-such-group', topics }, { groupId: 'no-such-group', topics: null }];
      const answer = await outside.client.call(offsetFetchApi, 8, { groupId: '', topics: [], groups, requireStable: true });
      const found = answer.groups.map((group) => [nameOf(group.errorCode), group.topics.map(({ name, partitions }) => `${name === topic ? 'topic' : name} ${partitions[0].committedOffset} ${nameOf(partitions[0].errorCode)}`)]);
      expect(found).toEqual([
        ['NONE', ['topic 7 NONE', 'no-such-topic -1 NONE']],
        ['NONE', ['topic -1 NONE', 'no-such-topic -1 NONE']],
        ['NONE', []],
      ]);
    });

    it('erases metadata that it does not repeat', async () => {
      await commitAll([[0, 7, 'seven']]);
      await commitAll([[0, 8, null]]);
      expect(await fetch([0])).toEqual(['0@8  NONE']);
    });

    it('goes back where the client says so', async () => {
      await commitAll([[0, 7, '']]);
      await commitAll([[0, 3, '']]);
      expect(await fetch([0])).toEqual(['0@3  NONE']);
    });

    it('is refused for partitions that are not there', async () => {
      expect((await commitAll([[0, 1, ''], [90, 1, '']])).sort()).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
      expect(await commitAll([[0, 1, '']], 'no-such-topic')).toEqual(['UNKNOWN_TOPIC_OR_PARTITION']);
    });

    it.each([
      ['4,096 letters', 'x'.repeat(4096), 'NONE'],
      ['4,097 letters', 'x'.repeat(4097), 'OFFSET_METADATA_TOO_LARGE'],
      ['4,096 characters of three bytes', FULL, 'NONE'],
      ['2,048 surrogate pairs', '😀'.repeat(2048), 'NONE'],
      ['2,049 surrogate pairs', '😀'.repeat(2049), 'OFFSET_METADATA_TOO_LARGE'],
    ])('with %s of metadata costs that partition alone, or passes', async (_, metadata, expected) => {
      expect(await commitAll([[0, 7, ''], [1, 7, metadata]])).toEqual(['NONE', expected]);
      expect(await fetch([0, 1])).toEqual(['0@7  NONE', expected === 'NONE' ? `1@7 ${metadata} NONE` : '1@-1  NONE']);
    });

    it('is refused as a whole where it is too large for the offsets topic, by the byte', async () => {
      const size = async (lastLength: number): Promise<Set<string>> => {
        const offsets = Array.from({ length: 86 }, (_, partition): [number, number, string] => [partition, 1, partition < 84 ? FULL : partition === 84 ? '㐀'.repeat(2000) : 'x'.repeat(lastLength)]);
        return new Set(await commitAll(offsets));
      };
      // Group and topic have names of one length in every run, so that what fits is always the same.
      expect([...(await size(3437))]).toEqual(['NONE']);
      expect([...(await size(3438))]).toEqual(['UNKNOWN_SERVER_ERROR']);
    });
  });

  describe('an offset', () => {
    it('is deleted where nobody reads its topic', async () => {
      const other = await broker.createTopic(1);
      const remove = async (name: string, partitionIndex = 0): Promise<string[]> => {
        const answer = await outside.client.call(offsetDeleteApi, 0, { groupId, topics: [{ name, partitions: [{ partitionIndex }] }] });
        return [answer, ...answer.topics.flatMap(({ partitions }) => partitions)].map(({ errorCode }) => nameOf(errorCode));
      };
      expect(await remove(topic)).toEqual(['GROUP_ID_NOT_FOUND']);
      await commitAll([[0, 7, '']]);
      await commitAll([[0, 7, '']], other);
      const one = await member();
      await one.settle();
      expect(await remove(topic)).toEqual(['NONE', 'GROUP_SUBSCRIBED_TO_TOPIC']);
      expect(await remove(topic, 90)).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION']);
      expect(await remove(other)).toEqual(['NONE', 'NONE']);
      expect(await fetch(null)).toEqual(['0@7  NONE']);
      await one.leave();
      expect(await remove(topic)).toEqual(['NONE', 'NONE']);
      expect(await fetch(null)).toEqual([]);
    });

    it('of another kind of group is deleted while nobody is in it', async () => {
      const one = await member({ protocolType: 'connect', protocols: [{ name: 'range', metadata: Buffer.alloc(0) }] });
      await one.settle();
      const answer = await outside.client.call(offsetDeleteApi, 0, { groupId, topics: [{ name: topic, partitions: [{ partitionIndex: 0 }] }] });
      expect(nameOf(answer.errorCode)).toBe('NON_EMPTY_GROUP');
    });
  });

  describe('a group', () => {
    it.each([0, 1, 2, 3, 4, 5, 6])('is described in version %i of DescribeGroups', async (version) => {
      const describeGroup = async (groups: readonly string[]) => (await outside.client.call(describeGroupsApi, version, { groups, includeAuthorizedOperations: false })).groups;
      const unknown = { groupId: 'no-such-group', groupState: 'Dead', protocolType: '', protocolData: '', members: [] };
      expect(await describeGroup(['no-such-group'])).toMatchObject([{ ...unknown, errorCode: version < 6 ? 0 : 69, errorMessage: version < 6 ? null : 'Group no-such-group not found.' }]);
      const one = await member();
      await one.enter();
      // What is described is what is written, and the group of a first join is not at once.
      const forming = await eventually(async () => (await describeGroup([groupId])).find(({ groupState }) => groupState !== 'Dead'), { what: 'the group is written' });
      expect(forming).toMatchObject({ errorCode: 0, groupState: 'CompletingRebalance', protocolType: 'consumer', protocolData: '', members: [{ memberId: one.id, memberMetadata: Buffer.alloc(0), memberAssignment: Buffer.alloc(0) }] });
      await one.settle();
      const [stable] = await describeGroup([groupId]);
      expect(stable).toMatchObject({
        errorCode: 0,
        groupState: 'Stable',
        protocolType: 'consumer',
        protocolData: 'range',
        members: [{ memberId: one.id, groupInstanceId: null, clientId: 'raw-member', clientHost: '/127.0.0.1', memberMetadata: subscription(topic), memberAssignment: Buffer.from(`of ${one.id}`) }],
        authorizedOperations: -2_147_483_648,
      });
    });

    it('says which operations are allowed, where that is asked', async () => {
      await commitAll([[0, 1, '']]);
      const { groups } = await outside.client.call(describeGroupsApi, 5, { groups: [groupId], includeAuthorizedOperations: true });
      expect(groups).toMatchObject([{ groupState: 'Empty', protocolType: '', authorizedOperations: ALL_OPERATIONS }]);
    });

    it.each([0, 1, 2, 3, 4, 5])('is listed in version %i of ListGroups', async (version) => {
      const listed = async (statesFilter: readonly string[] = [], typesFilter: readonly string[] = []) => {
        const { groups } = await outside.client.call(listGroupsApi, version, { statesFilter, typesFilter });
        return groups.find((group) => group.groupId === groupId);
      };
      await commitAll([[0, 1, '']]);
      expect(await listed()).toEqual({ groupId, protocolType: '', groupState: version < 4 ? '' : 'Empty', groupType: version < 5 ? '' : 'classic' });
      const one = await member();
      await one.settle();
      expect(await listed()).toMatchObject({ protocolType: 'consumer', groupState: version < 4 ? '' : 'Stable' });
      if (version >= 4) expect([await listed(['stable']) === undefined, await listed(['Empty', 'Dead']) === undefined]).toEqual([false, true]);
      if (version >= 5) expect([await listed([], ['Classic']) === undefined, await listed([], ['consumer']) === undefined]).toEqual([false, true]);
    });

    it.each([0, 1, 2])('is deleted with its offsets in version %i of DeleteGroups, when nobody is in it', async (version) => {
      const remove = async (): Promise<string[]> => {
        const { results } = await outside.client.call(deleteGroupsApi, version, { groupsNames: [groupId, 'no-such-group', groupId] });
        return results.map((result) => `${result.groupId === groupId ? 'group' : result.groupId} ${nameOf(result.errorCode)}`).sort();
      };
      const one = await member();
      await one.settle();
      await commitAll([[0, 1, '']]);
      expect(await remove()).toEqual(['group NON_EMPTY_GROUP', 'no-such-group GROUP_ID_NOT_FOUND']);
      await one.commit(topic);
      await one.leave();
      expect(await fetch(null)).toEqual(['0@1  NONE']);
      expect(await remove()).toEqual(['group NONE', 'no-such-group GROUP_ID_NOT_FOUND']);
      expect(await fetch(null)).toEqual([]);
      expect(await remove()).toEqual(['group GROUP_ID_NOT_FOUND', 'no-such-group GROUP_ID_NOT_FOUND']);
    });
  });
}

/** READ, DELETE, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS. */
const ALL_OPERATIONS = (1 << 3) | (1 << 6) | (1 << 8) | (1 << 10) | (1 << 11);
