import { Injectable } from '@nestjs/common';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, type Message, ResourcePatternTypes } from 'kafkajs';
import type { KafkaCluster } from '../../scripts/kafka/kafka-cluster.js';
import { startOwnKafka } from '../../scripts/kafka/start-kafka.js';
import { KafkaHandler, KafkaRefusedError } from '../../lib/index.js';
import { eventually, testKafka, unique } from '../support/kafka.js';
import { type AppSetup, withApp } from '../support/nest-app.js';
import { booting, errorsOf, failing, Orders, refused } from '../support/wrong-input.js';

/** On a broker with an authorizer: what nobody has been granted is free, and whatever has a grant is for that user alone. */
const CONFIG = { 'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer', 'allow.everyone.if.no.acl.found': 'true' };

let cluster: KafkaCluster;
const client = (): ReturnType<typeof testKafka> => testKafka({ brokers: [...cluster.brokers] });

beforeAll(async () => void (cluster = await startOwnKafka({ config: CONFIG })), 90_000);
afterAll(() => cluster.stop(), 30_000);

async function asAdmin<T>(work: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> {
  const admin = new Kafka(client()).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

async function createTopic(name: string): Promise<string> {
  const topic = unique(name);
  await asAdmin(async (admin) => {
    await admin.createTopics({ topics: [{ topic }], waitForLeaders: false });
    await eventually(async () => (await admin.fetchTopicOffsets(topic)).length === 1, { what: `${topic} can be used` });
  });
  return topic;
}

async function produce(topic: string, ...messages: Message[]): Promise<void> {
  const producer = new Kafka(client()).producer();
  await producer.connect();
  await producer.send({ topic, messages });
  await producer.disconnect();
}

/** From now on it is somebody else's. `operation` READ leaves others what they may do without it. */
async function reserve(resourceType: AclResourceTypes, resourceName: string, operation = AclOperationTypes.ALL): Promise<void> {
  const acl = { resourceType, resourceName, resourcePatternType: ResourcePatternTypes.LITERAL, principal: 'User:somebody-else', host: '*', operation, permissionType: AclPermissionTypes.ALLOW };
  await asAdmin((admin) => admin.createAcls({ acl: [acl] }));
}
async function free(resourceType: AclResourceTypes, resourceName: string): Promise<void> {
  const filter = { resourceType, resourceName, resourcePatternType: ResourcePatternTypes.LITERAL, operation: AclOperationTypes.ANY, permissionType: AclPermissionTypes.ANY };
  await asAdmin((admin) => admin.deleteAcls({ filters: [filter] }));
}

function setUp(topic: string, groupId = unique('group')): AppSetup {
  return { providers: [Orders], consumer: { groupId }, options: { client: client(), topics: { orders: topic } } };
}

function returnsHandler(seen: unknown[]): NonNullable<AppSetup['providers']>[number] {
  @Injectable()
  class Returns {
    @KafkaHandler('returns')
    handle(value: unknown): void {
      seen.push(value);
    }
  }
  return Returns;
}

describe('a consumer that lacks a right', () => {
  it('to see its topic does not boot', async () => {
    const topic = await createTopic('reserved');
    await reserve(AclResourceTypes.TOPIC, topic);
    const boot = (): Promise<Error> => refused(booting({ client: client(), topics: { orders: topic } }));
    const error = await eventually(async () => [await boot()].find((each) => each instanceof KafkaRefusedError), { what: 'the grant has reached the broker' });
    expect(error).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED', message: expect.stringContaining(topic) as string });
    expect(error?.message).toContain('Allow the user of `client.sasl` the operations Describe and Read on the topic');
  });

  it('to join its group fails, and says which right it is', async () => {
    const [topic, groupId] = [await createTopic('free'), unique('group')];
    await reserve(AclResourceTypes.GROUP, groupId);
    const { error, lines } = await failing(setUp(topic, groupId));
    expect(error).toMatchObject({ name: 'KafkaRefusedError', code: 'GROUP_AUTHORIZATION_FAILED', groupId });
    expect(lines.join()).toContain('Allow the user of `client.sasl` the operation Read on the group.');
  });

  it('to its group any more fails while it runs, and can be started once it has the right again', async () => {
    const [topic, groupId] = [await createTopic('revoked'), unique('group')];
    await withApp(setUp(topic, groupId), async (app) => {
      await app.until('it runs', () => app.consumers.getStats().state === 'running');
      await reserve(AclResourceTypes.GROUP, groupId);
      await app.until('it has failed', () => app.consumers.getStats().state === 'failed');
      expect(errorsOf(app).at(-1)).toContain('GROUP_AUTHORIZATION_FAILED');
      await free(AclResourceTypes.GROUP, groupId);
      await app.until('it starts again', async () => {
        if (app.consumers.getStats().state === 'failed') await app.consumers.start();
        return app.consumers.getStats().state === 'running';
      });
    });
  });

  it('to see one topic any more gives that one up, also over rebalances, and takes it again once it may; the others go on', async () => {
    const [mine, theirs, groupId] = [await createTopic('mine'), await createTopic('theirs'), unique('group')];
    const seen: unknown[] = [];
    const setup = setUp(mine, groupId);
    const both = { ...setup, consumer: { groupId, kafkajs: { metadataMaxAge: 300 } }, options: { ...setup.options, topics: { orders: mine, returns: theirs } } };
    await withApp({ ...both, providers: [Orders, returnsHandler(seen)] }, async (app) => {
      const topics = (): string => app.consumers.getStats().partitions.map(({ topic }) => topic).sort().join();
      await app.until('it has both', () => topics() === [mine, theirs].sort().join());
      await produce(theirs, { value: '0' });
      await app.until('it reads', () => seen.length === 1);
      await reserve(AclResourceTypes.TOPIC, theirs);
      await app.until('it has given it up', () => topics() === mine && app.consumers.getStats().state === 'running', 20_000);
      expect(errorsOf(app).join('\n')).toMatch(new RegExp(`A topic is given up until Kafka tells of it again: Metadata of the topic "${theirs}": .*TOPIC_AUTHORIZATION_FAILED.* Allow the user`));
      await withApp(setUp(mine, groupId), async (other) => {
        await other.until('the group has assembled with another member', () => other.consumers.getStats().state === 'running');
        await app.until('the first is a member still', () => app.consumers.getStats().state === 'running');
      });
      await produce(mine, { value: '1' });
      await app.until('the other goes on', () => app.app.get(Orders).seen.length === 1);
      await free(AclResourceTypes.TOPIC, theirs);
      await produce(theirs, { value: '2' });
      await app.until('it reads again', () => seen.includes(2), 20_000);
    });
  }, 60_000);

  it('to read one topic goes on with the others, says which one, and reads it once it may; nothing is lost', async () => {
    const [mine, theirs] = [await createTopic('mine'), await createTopic('theirs')];
    const setup = setUp(mine);
    const both = { ...setup, consumer: { ...setup.consumer, ordering: 'none' as const }, options: { ...setup.options, topics: { orders: mine, returns: theirs } } };
    const seen: unknown[] = [];
    await withApp({ ...both, providers: [Orders, returnsHandler(seen)] }, async (app) => {
      await app.until('it runs', () => app.consumers.getStats().state === 'running' && app.consumers.getStats().partitions.length === 2);
      await produce(theirs, { value: '0' });
      await app.until('it reads', () => seen.length === 1);
      await reserve(AclResourceTypes.TOPIC, theirs, AclOperationTypes.READ);
      await app.until('it says so', () => errorsOf(app).some((line) => line.includes(`${theirs}/0 cannot be read at offset 1 (TOPIC_AUTHORIZATION_FAILED); it is tried again, the other partitions go on. Remedy: allow the client to read the topic`)));
      await produce(mine, { value: '1' });
      await app.until('the other goes on', () => app.app.get(Orders).seen.length === 1 && app.consumers.getStats().state === 'running');
      await free(AclResourceTypes.TOPIC, theirs);
      await produce(theirs, { value: '2' });
      await app.until('it reads again', () => seen.length === 2, 20_000);
      expect(seen).toEqual([0, 2]);
    });
  }, 60_000);
});
