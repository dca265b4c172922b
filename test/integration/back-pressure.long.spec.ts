import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { endOf, produceRepeatedly } from '../support/bulk.js';
import { createTopic, eventually, produce, unique } from '../support/kafka.js';
import { committed, committedOffset, completedAhead, Gate, Groups, records } from '../support/group-under-test.js';

jest.setTimeout(150_000);

const groups = new Groups();
afterEach(() => groups.stopAll());

const MILLION = 1_000_000;

describe('one record that is stuck, with a million complete above it', () => {
  it('costs neither memory nor the session: what is complete is told by one commit, and not repeated', async () => {
    const [topic, groupId, gate] = [await createTopic('million'), unique('group'), new Gate()];
    await produce(topic, 0, [{ key: 'stuck', value: 'stuck' }]);
    await produceRepeatedly(topic, records(10_000), MILLION / 10_000);
    expect(await endOf(topic)).toBe(MILLION + 1);
    let done = 0;
    let mostBuffered = 0;
    const fetch = { minBytes: 1, maxBytes: 1_000_000, maxBytesPerPartition: 300_000, maxWaitMs: 100 };
    const options = { fetch, sessionTimeoutMs: 3_000, heartbeatIntervalMs: 300 };
    const handle = ({ offset }: { offset: number }): Promise<void> | undefined => {
      done++;
      return offset === 0 ? gate.pass() : undefined;
    };
    const group = await groups.start({ groupId, topics: [topic], options, handle, forgetful: true });
    // Once everything is warm: what grows from here on grows with the records.
    await group.until('a tenth is done', () => done > MILLION / 10, 60_000);
    const before = memory();
    await eventually(
      () => {
        mostBuffered = Math.max(mostBuffered, group.stats.buffered);
        return done === MILLION + 1;
      },
      { what: 'all have run', within: 90_000, show: () => group.stats },
    );
    const grown = memory() - before;
    expect(group.stats.partitions[0].completedAheadCount).toBe(MILLION);
    expect(group.stats.partitions[0].pendingCount).toBe(1);
    // The limit and one fetch.
    expect(mostBuffered).toBeLessThan(5_000 + 25_000);
    // A number per record would be 8 MB, an object 50 and more.
    expect(grown).toBeLessThan(40_000_000);
    expect(group.stats.rebalanceCount).toBe(1);
    await eventually(async () => (await completedAhead(groupId, topic)) === MILLION, { what: 'the map tells of all' });
    const [commit] = await committed(groupId, topic);
    expect(commit.offset).toBe(0);
    expect(commit.metadata.length).toBeLessThan(20);
    await group.stop(100);

    const next = await groups.start({ groupId, topics: [topic], handle: () => undefined });
    await eventually(async () => (await committedOffset(groupId, topic)) === MILLION + 1, { what: 'the commit is at the end' });
    expect(next.offsets()).toEqual([0]);
  });
});

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

/** What lives: without a collection before it, how much garbage there is depends on what else the machine does. */
function memory(): number {
  collectGarbage();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}
