import { Injectable } from '@nestjs/common';
import { KafkaConnectionError, KafkaHandler, type KafkaLag } from '../../lib/index.js';
import { createTopic, eventually, produce, produceEach, unique, withAdmin } from '../support/kafka.js';
import { committed, Gate, Groups, type GroupUnderTest, records } from '../support/group-under-test.js';
import { withApp } from '../support/nest-app.js';
import { Transactions } from '../support/transactions.js';

jest.setTimeout(30_000);

const groups = new Groups();
const transactions = new Transactions();
afterEach(async () => {
  await groups.stopAll();
  await transactions.disconnect();
});

type Figures = { partition: number; committedOffset: number; endOffset: number; lag: number };

/** What an operator's tool makes of the group. */
async function byAdmin(groupId: string, topic: string): Promise<Figures[]> {
  const commits = await committed(groupId, topic);
  const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic));
  return ends
    .map(({ partition, high }) => {
      const committedOffset = commits.find((commit) => commit.partition === partition)?.offset ?? -1;
      return { partition, committedOffset, endOffset: Number(high), lag: Number(high) - committedOffset };
    })
    .sort((a, b) => a.partition - b.partition);
}

const figures = (rows: readonly (Figures & { topic: string })[]): Figures[] => rows.map(({ partition, committedOffset, endOffset, lag }) => ({ partition, committedOffset, endOffset, lag }));
/** Every handler's record below this offset is complete, the others wait. */
const upTo = (offset: number, gate: Gate) => (taken: { offset: number }): Promise<void> | undefined => (taken.offset < offset ? undefined : gate.pass());
const untilCommitted = (groupId: string, topic: string, offset: number): Promise<unknown> =>
  eventually(async () => (await committed(groupId, topic)).every((commit) => commit.offset === offset), { what: `the commits are at ${offset}` });

describe('the lag that brokers are asked for', () => {
  it("is the admin client's, partition by partition, and so are the figures of the statistics", async () => {
    const [topic, groupId, gate] = [await createTopic('lag', 3), unique('group'), new Gate()];
    await produceEach(topic, [0, 1, 2], records(40));
    const group = await groups.start({ groupId, topics: [topic], handle: upTo(10, gate) });
    await untilCommitted(groupId, topic, 10);
    const expected = await byAdmin(groupId, topic);
    expect(expected).toEqual([0, 1, 2].map((partition) => ({ partition, committedOffset: 10, endOffset: 40, lag: 30 })));
    expect(figures(await group.consumer.lag(false))).toEqual(expected);
    expect(group.stats).toMatchObject({ processedCount: 30, consumedCount: 120, committedCount: 30, inFlight: 90 });
    expect(group.stats.partitions.map((partition) => [partition.partition, partition.committedOffset, partition.committableOffset, partition.pendingCount, partition.lag])).toEqual(
      expected.map(({ partition, committedOffset, lag }) => [partition, committedOffset, committedOffset, lag, lag]),
    );
    gate.open();
    await untilCommitted(groupId, topic, 40);
    expect(group.stats).toMatchObject({ processedCount: 120, committedCount: 120 });
    expect((await group.consumer.lag(false)).map(({ lag, completedAhead }) => [lag, completedAhead])).toEqual([[0, 0], [0, 0], [0, 0]]);
  });

  it('counts what was produced while the partition is paused, and tells what is complete ahead', async () => {
    const [topic, groupId, gate] = [await createTopic('lag-paused'), unique('group'), new Gate()];
    await produce(topic, 0, records(10));
    const group = await groups.start({ groupId, topics: [topic], handle: ({ offset }) => (offset === 2 ? gate.pass() : undefined) });
    await untilCommitted(groupId, topic, 2);
    await group.until('all others are done', () => group.finished.length === 9);
    group.consumer.pause();
    await produce(topic, 0, records(90));
    expect(await group.consumer.lag(false)).toEqual([{ topic, partition: 0, committedOffset: 2, endOffset: 100, lag: 98, completedAhead: 7 }]);
    gate.open();
  });

  it('has markers of transactions in it, and of an open one only what a reader without isolation sees', async () => {
    const [topic, groupId] = [await createTopic('lag-transactions'), unique('group')];
    const [kept, open] = [await transactions.begin(), await transactions.begin()];
    await kept.send(topic, records(3));
    await kept.commit();
    const group = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    const uncommitted = await groups.start({ groupId: unique('group'), topics: [topic], handle: () => undefined, options: { isolation: 'read_uncommitted' } });
    await untilCommitted(groupId, topic, 4);
    await uncommitted.until('it is done', () => uncommitted.stats.partitions[0].committedOffset === 4);
    uncommitted.consumer.pause();
    await open.send(topic, records(5));
    const [committedRow] = await group.consumer.lag(false);
    expect(figures([committedRow])).toEqual(await byAdmin(groupId, topic));
    expect([committedRow.endOffset, committedRow.lag]).toEqual([4, 0]);
    const [row] = await uncommitted.consumer.lag(false);
    expect([row.endOffset, row.lag]).toEqual([9, 5]);
    await open.abort();
    await untilCommitted(groupId, topic, 10);
    expect((await group.consumer.lag(false))[0]).toMatchObject({ committedOffset: 10, endOffset: 10, lag: 0 });
  });

  it('of all partitions is known to each member, and while the group is stopped', async () => {
    const [topic, groupId] = [await createTopic('lag-all', 4), unique('group')];
    await produceEach(topic, [0, 1, 2, 3], records(10));
    const setup = { groupId, topics: [topic], options: { sessionTimeoutMs: 3_000, heartbeatIntervalMs: 100 }, handle: () => undefined };
    const [first, second] = [await groups.start(setup), await groups.start(setup)];
    await eventually(() => first.stats.partitions.length === 2 && second.stats.partitions.length === 2, { what: 'each has two' });
    await untilCommitted(groupId, topic, 10);
    const own = (group: GroupUnderTest): number[] => group.stats.partitions.map(({ partition }) => partition).sort();
    const rows = await first.consumer.lag(true);
    expect(figures(rows)).toEqual(await byAdmin(groupId, topic));
    expect(rows.filter(({ completedAhead }) => completedAhead !== null).map(({ partition }) => partition)).toEqual(own(first));
    expect((await second.consumer.lag(false)).map(({ partition }) => partition)).toEqual(own(second));
    await Promise.all([first.stop(), second.stop()]);
    await produce(topic, 2, records(5));
    expect(await first.consumer.lag(false)).toEqual([]);
    expect(figures(await first.consumer.lag(true))).toEqual(await byAdmin(groupId, topic));

  });

  it('of a group that has never run counts from where it would start', async () => {
    const topic = await createTopic('lag-idle');
    await produce(topic, 0, records(7));
    for (const [fromBeginning, lag] of [[true, 7], [false, 0]] as const) {
      const group = groups.create({ groupId: unique('group'), topics: [topic], options: { fromBeginning }, handle: () => undefined });
      expect(await group.consumer.lag(true)).toEqual([{ topic, partition: 0, committedOffset: -1, endOffset: 7, lag, completedAhead: null }]);
    }
  });

  it('has no rows of a topic that was deleted', async () => {
    const [topic, doomed, groupId] = [await createTopic('lag-stays'), await createTopic('lag-doomed'), unique('group')];
    await produceEach(topic, [0], records(3));
    await produce(doomed, 0, records(3));
    const group = await groups.start({ groupId, topics: [topic, doomed], handle: () => undefined });
    await untilCommitted(groupId, doomed, 3);
    await withAdmin((admin) => admin.deleteTopics({ topics: [doomed] }));
    await eventually(async () => (await group.consumer.lag(true)).map((row) => row.topic).join() === topic, { what: 'only the other topic has a row' });
    expect((await group.consumer.lag(false)).map((row) => row.topic)).toEqual([topic]);
  });
});

describe('KafkaConsumerService', () => {
  it('asks for lag, pauses, resumes and seeks, and names what it cannot find', async () => {
    const [topic, groupId] = [await createTopic('control'), unique('group')];
    await produce(topic, 0, records(20));
    const seen: string[] = [];
    @Injectable()
    class Handlers {
      @KafkaHandler('control', { codec: 'string' })
      handle(value: string): void {
        seen.push(value);
      }
    }
    await withApp({ providers: [Handlers], consumer: { groupId }, options: { topics: { control: topic }, autoStart: false } }, async ({ consumers }) => {
      const lag = async (all = false): Promise<KafkaLag[]> => consumers.getLag(undefined, { all });
      expect(await lag(true)).toEqual([{ groupId, topic, partition: 0, committedOffset: -1, endOffset: 20, lag: 20, completedAhead: null }]);
      consumers.pause({ topic });
      await consumers.start();
      await eventually(() => consumers.getStats().partitions[0]?.paused === 'user', { what: 'it is assigned, and paused' });
      expect(await lag()).toMatchObject([{ lag: 20, completedAhead: 0 }]);
      expect(seen).toEqual([]);
      consumers.resume({ topic, partitions: [0] });
      await eventually(() => seen.length === 20, { what: 'all are done' });
      await consumers.seek({ topic, partition: 0, offset: 15 });
      await eventually(() => seen.length === 25, { what: 'five come again' });
      await eventually(async () => (await lag())[0].lag === 0, { what: 'nothing is left' });

      expect(() => consumers.pause({ topic: 'control' })).toThrow(`no handler of this process reads the topic control (it reads ${topic})`);
      expect(() => consumers.resume({ topic, partitions: [1] })).toThrow('there is no partition 1');
      await expect(consumers.seek({ topic, partition: 0, offset: 99 })).rejects.toThrow('offset 99 is not in its log, which has 0 to 20');
      await expect(consumers.getLag('nobody')).rejects.toThrow('has no group nobody');
      expect(() => consumers.pause({ groupId: 'nobody' })).toThrow('has no group nobody');
    });
  });

  it('says that no broker answers', async () => {
    @Injectable()
    class Handlers {
      @KafkaHandler('control')
      handle(): void {}
    }
    const client = { brokers: ['127.0.0.1:1'], retry: { retries: 0 } };
    await withApp({ providers: [Handlers], options: { client, autoStart: false } }, async ({ consumers }) => {
      await expect(consumers.getLag(undefined, { all: true })).rejects.toThrow(KafkaConnectionError);
      expect(await consumers.getLag()).toEqual([]);
    });
  });
});
