import { createTopic, produce, unique } from '../support/kafka.js';
import { Gate, records, type Taken, withGroup } from '../support/group-under-test.js';
import { seeded } from '../support/random.js';

jest.setTimeout(30_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Watches handlers from within: which ran at once, and which began before one with a lower offset had ended for good. */
class OrderWatch {
  readonly overlaps: string[] = [];
  readonly overtakings: string[] = [];
  private readonly running = new Map<string, number>();
  private readonly ended = new Map<string, number>();

  begin(lane: string, { offset, attempt }: Taken): void {
    const other = this.running.get(lane);
    if (other !== undefined) this.overlaps.push(`${lane}: ${offset} while ${other} was running`);
    this.running.set(lane, offset);
    if (offset <= (this.ended.get(lane) ?? -1)) this.overtakings.push(`${lane}: ${offset} (attempt ${attempt}) after ${this.ended.get(lane)}`);
  }
  end(lane: string, { offset }: Taken, isFinal: boolean): void {
    this.running.delete(lane);
    if (isFinal) this.ended.set(lane, offset);
  }
}

describe('order by key', () => {
  it('lets no record of a key overlap or overtake another, retries included, while other keys run beside it', async () => {
    const [topic, groupId, watch, next] = [await createTopic('by-key', 2), unique('group'), new OrderWatch(), seeded(3)];
    const [keys, perPartition, retries] = [7, 150, 3];
    await produce(topic, 0, records(perPartition, (index) => `k${(index * index) % keys}`));
    await produce(topic, 1, records(perPartition, (index) => `k${(index * index) % keys}`));
    const handle = async (record: Taken): Promise<void> => {
      const lane = `${record.partition} ${record.key}`;
      watch.begin(lane, record);
      await pause(next() * 6);
      const fails = record.offset % 5 === 0 && record.attempt <= retries;
      watch.end(lane, record, !fails);
      if (fails) throw new Error('not yet');
    };
    const handler = { retry: { retries, delayMs: () => 15, retryable: () => true } };
    await withGroup({ groupId, topics: [topic], handle, handler }, async (group) => {
      await group.until('all are done', () => group.finished.length === 2 * perPartition);
      expect(watch.overlaps).toEqual([]);
      expect(watch.overtakings).toEqual([]);
      expect(group.started.length).toBe(2 * perPartition + (2 * perPartition * retries) / 5);
      expect(group.mostInFlight).toBeGreaterThan(4);
    });
  });

  it('holds a key up while its record waits for the next attempt, and no slot: other keys use all of them', async () => {
    const [topic, groupId] = [await createTopic('waiting'), unique('group')];
    await produce(topic, 0, records(60, (index) => (index < 2 ? 'slow' : `k${index}`)));
    const handle = ({ offset, attempt }: Taken): void => {
      if (offset === 0 && attempt === 1) throw new Error('again, later');
    };
    const handler = { retry: { retries: 1, delayMs: () => 700, retryable: () => true } };
    await withGroup({ groupId, topics: [topic], handle, handler, options: { concurrency: 1 } }, async (group) => {
      await group.until('all are done', () => group.finished.length === 60);
      expect(group.offsets(group.finished.slice(-2))).toEqual([0, 1]);
    });
  });

  it('does not serialise records without a key', async () => {
    const [topic, groupId, gate] = [await createTopic('null-keys'), unique('group'), new Gate()];
    await produce(topic, 0, records(50, () => null));
    await withGroup({ groupId, topics: [topic], handle: () => gate.pass() }, async (group) => {
      await group.until('all 50 run at once', () => group.inFlight === 50);
      gate.open();
    });
  });

  it('lets later records of a key go on past one that is held', async () => {
    const [topic, groupId] = [await createTopic('held-key'), unique('group')];
    await produce(topic, 0, records(3, () => 'same'));
    const handle = ({ offset }: Taken): void => {
      if (offset === 0) throw new Error('never');
    };
    await withGroup({ groupId, topics: [topic], handle }, async (group) => {
      await group.until('1 and 2 are done', () => group.finished.length === 2);
      expect(group.stats.heldCount).toBe(1);
    });
  });
});

describe('order by partition', () => {
  it('runs a partition record by record, whatever the keys, and partitions beside each other', async () => {
    const [topic, groupId, watch] = [await createTopic('by-partition', 3), unique('group'), new OrderWatch()];
    for (const partition of [0, 1, 2]) await produce(topic, partition, records(40, (index) => (index % 3 === 0 ? null : `k${index}`)));
    const handle = async (record: Taken): Promise<void> => {
      watch.begin(String(record.partition), record);
      await pause(2);
      watch.end(String(record.partition), record, true);
    };
    await withGroup({ groupId, topics: [topic], handle, handler: { ordering: 'partition' } }, async (group) => {
      await group.until('all are done', () => group.finished.length === 120);
      expect([...watch.overlaps, ...watch.overtakings]).toEqual([]);
      expect(group.mostInFlight).toBe(3);
    });
  });
});

describe('no order', () => {
  it('runs records of one key at once', async () => {
    const [topic, groupId, gate] = [await createTopic('unordered'), unique('group'), new Gate()];
    await produce(topic, 0, records(30, () => 'same'));
    await withGroup({ groupId, topics: [topic], handle: () => gate.pass(), handler: { ordering: 'none' } }, async (group) => {
      await group.until('all 30 run at once', () => group.inFlight === 30);
      gate.open();
    });
  });
});
