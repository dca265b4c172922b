import { createTopic, eventually, produce, unique } from '../support/kafka.js';
import { committedOffset, completedAhead, records, withGroup } from '../support/group-under-test.js';
import { Ledger } from '../support/ledger.js';
import { Workers } from '../support/worker-process.js';

jest.setTimeout(60_000);

const options = { sessionTimeoutMs: 1_000, heartbeatIntervalMs: 200 };
const until = (what: string, condition: () => boolean | Promise<boolean>): Promise<unknown> => eventually(condition, { what, within: 20_000 });

describe('after a SIGKILL', () => {
  let ledger: Ledger;
  let workers: Workers | null = null;
  beforeEach(() => (ledger = Ledger.inTemporaryFolder()));
  afterEach(async () => {
    await workers?.killAll();
    ledger.remove();
  });

  it('exactly the failed and the interrupted records of ten thousand are delivered again', async () => {
    const [topic, groupId] = [await createTopic('killed'), unique('group')];
    await produce(topic, 0, records(10_000));
    const [failing, hanging] = [[17, 4_000, 9_998], [2, 5_555]];
    workers = new Workers(ledger, { groupId, topics: [topic], workMs: [0, 0], failing, hanging, options });
    const worker = workers.start();
    await eventually(async () => (await completedAhead(groupId, topic)) === 9_993, { what: 'the commit tells of all that are done', within: 30_000, every: 250 });
    expect(await committedOffset(groupId, topic)).toBe(2);
    await worker.kill();

    await withGroup({ groupId, topics: [topic], options, handle: () => undefined }, async (group) => {
      await until('the commit is at the end', async () => (await committedOffset(groupId, topic)) === 10_000);
      expect(group.offsets()).toEqual([2, 17, 4_000, 5_555, 9_998]);
    });
  });

  it('before anything was complete, what had arrived since the first assignment is delivered, though the group starts at the latest', async () => {
    const [topic, groupId] = [await createTopic('latest'), unique('group')];
    await produce(topic, 0, records(10));
    const latest = { ...options, fromBeginning: false };
    workers = new Workers(ledger, { groupId, topics: [topic], workMs: [0, 0], hanging: [10, 11, 12, 13, 14], options: latest });
    const worker = workers.start();
    await until('it consumes', () => ledger.of('assigned').length === 1);
    await until('its start is committed', async () => (await committedOffset(groupId, topic)) === 10);
    await produce(topic, 0, records(5));
    await until('all five are running', () => ledger.of('start').length === 5);
    await worker.kill();
    await produce(topic, 0, records(2));

    await withGroup({ groupId, topics: [topic], options: latest, handle: () => undefined }, async (group) => {
      await group.until('seven are done', () => group.finished.length === 7);
      expect(group.offsets()).toEqual([10, 11, 12, 13, 14, 15, 16]);
    });
  });
});
