import { Kafka } from 'kafkajs';
import { KafkaRefusedError } from '../../lib/index.js';
import { Api, DeafSockets } from '../support/deaf-sockets.js';
import { committedOffset } from '../support/group-under-test.js';
import { createTopic, produce, testKafka, unique } from '../support/kafka.js';
import { withApp } from '../support/nest-app.js';
import { failing, metadataOf, Orders, patientOnce } from '../support/wrong-input.js';
import { ApiKey, FakeBroker, int16, int32, text } from '../unit/kafkajs/fake-broker.js';

/** Those of clear-errors.spec.ts that take patience: what is waited for is told only when it lasts. */

const NOWHERE = 'no-such-host.invalid';

let fake: FakeBroker;
beforeEach(async () => void (fake = await FakeBroker.listen()));
afterEach(() => fake.close());

describe('3. joining', () => {
  it('a group whose members assign partitions in another way: the group fails, and the application goes on', async () => {
    const [topic, groupId] = [await createTopic('orders'), unique('group')];
    const own = new Kafka(testKafka()).consumer({
      groupId,
      partitionAssigners: [() => ({ name: 'OwnAssigner', version: 1, assign: async () => [], protocol: () => ({ name: 'OwnAssigner', metadata: Buffer.alloc(0) }) })],
    });
    const joined = new Promise((resolve) => own.on(own.events.GROUP_JOIN, resolve));
    await own.connect();
    await own.subscribe({ topic });
    await own.run({ eachMessage: async () => {} });
    await joined;
    try {
      const { error, lines } = await failing({ consumer: { groupId }, options: { topics: { orders: topic } } });
      expect(error).toBeInstanceOf(KafkaRefusedError);
      expect(error).toMatchObject({ code: 'INCONSISTENT_GROUP_PROTOCOL', groupId });
      expect(lines).toEqual([expect.stringMatching(/has stopped for good: start it again once the cause is gone: KafkaRefusedError: .*JoinGroup of group-\w+: .*INCONSISTENT_GROUP_PROTOCOL.* give this application a groupId of its own/)]);
    } finally {
      await own.disconnect();
    }
  });

  it.each([true, false])('a coordinator that is away (fromBeginning %s): the application boots all the same, and the log tells what is waited for', async (fromBeginning) => {
    fake.on(ApiKey.Metadata, () => metadataOf(fake, 'shop-orders'));
    fake.on(ApiKey.FindCoordinator, () => Buffer.concat([int16(15), int32(-1), text(''), int32(-1)]));
    const options = { ...patientOnce({ brokers: [fake.name] }), topics: { orders: 'shop-orders' }, shutdownTimeoutMs: 100 };
    await withApp({ providers: [Orders], consumer: { groupId: 'shop', fromBeginning, sessionTimeoutMs: 1000, heartbeatIntervalMs: 100 }, options }, async (app) => {
      expect(app.consumers.getStats().state).toBe('starting');
      await app.until('it says so', () => app.logger.lines.some((line) => /^warn .*(Joining failed|No committed offsets).*COORDINATOR_NOT_AVAILABLE/.test(line)), 20_000);
    });
  });

  it('a broker that tells an address which nobody can reach: that it is the one of the broker', async () => {
    fake.on(ApiKey.Metadata, () => metadataOf(fake, 'shop-orders', { host: NOWHERE }));
    fake.on(ApiKey.FindCoordinator, () => Buffer.concat([int16(0), int32(1), text(NOWHERE), int32(9092)]));
    const options = { ...patientOnce({ brokers: [fake.name] }), topics: { orders: 'shop-orders' }, shutdownTimeoutMs: 100 };
    await withApp({ providers: [Orders], consumer: { groupId: 'shop', sessionTimeoutMs: 1000, heartbeatIntervalMs: 100 }, options }, async (app) => {
      await app.until('it says so', () => app.logger.lines.some((line) => line.startsWith('warn Joining failed') && line.includes(`${NOWHERE}:9092`) && line.includes('advertised.listeners')), 20_000);
    });
  });
});

describe('6. committing', () => {
  it('a commit that nobody answers: which partition, and what a crash would mean; nothing is lost by it', async () => {
    const [topic, groupId, sockets] = [await createTopic('orders'), unique('group'), new DeafSockets()];
    const options = { client: { ...testKafka(), socketFactory: sockets.factory }, topics: { orders: topic } };
    await withApp({ providers: [Orders], consumer: { groupId, sessionTimeoutMs: 1000, heartbeatIntervalMs: 100 }, options }, async (app) => {
      await app.until('it runs', () => app.consumers.getStats().state === 'running');
      sockets.lose(Api.offsetCommit);
      await produce(topic, 0, [{ value: '1' }]);
      const complaint = /^warn Offsets of 1 partitions \(orders-\w+\/0, \.\.\.\) are not committed: OffsetCommit of group-\w+ at .*: no answer within \d+ ms.*They are kept and tried again; after a crash now, what is complete since then is repeated$/;
      await app.until('it says so', () => app.logger.lines.some((line) => complaint.test(line)), 20_000);
      sockets.lose(null);
      await app.until('it is committed', async () => (await committedOffset(groupId, topic)) === 1);
    });
  }, 40_000);
});
