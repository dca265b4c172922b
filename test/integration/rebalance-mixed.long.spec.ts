import { setTimeout as delay } from 'node:timers/promises';
import { Feed } from '../support/feed.js';
import { Fleet } from '../support/fleet.js';
import { createTopic, eventually, unique } from '../support/kafka.js';
import { PlainMember } from '../support/plain-member.js';

/** A group of ours and of plain kafkajs, with records flowing, however the test ends. */
class MixedGroup {
  readonly fleet: Fleet;
  readonly plain: PlainMember[] = [];
  readonly feed: Feed;

  constructor(
    private readonly groupId: string,
    private readonly topic: string,
    partitions: number,
  ) {
    this.fleet = new Fleet(groupId, { topics: [topic], handle: () => delay(20) });
    this.feed = new Feed([{ topic, partitions }], 100);
  }

  async joinPlain(): Promise<PlainMember> {
    const member = new PlainMember(this.groupId);
    this.plain.push(member);
    return member.start(this.topic);
  }
  async stop(): Promise<void> {
    await this.feed.stop();
    await Promise.all([this.fleet.stop(), ...this.plain.map((member) => member.stop())]);
  }

  get starts(): string[] {
    return [...this.fleet.runs.map(({ record }) => record), ...this.plain.flatMap(({ started }) => started)];
  }
  get repeated(): string[] {
    const seen = new Set<string>();
    return this.starts.filter((record) => seen.size === seen.add(record).size);
  }
  async handledAll(): Promise<void> {
    await this.feed.stop();
    const missing = (): string[] => {
      const started = new Set(this.starts);
      return this.feed.records.filter((record) => !started.has(record));
    };
    await eventually(() => missing().length === 0, { what: 'all is handled', within: 30_000, show: () => missing().slice(0, 10) });
  }
  flowed(count: number): Promise<unknown> {
    const goal = this.starts.length + count;
    return eventually(() => this.starts.length >= goal, { what: `${count} more records`, show: () => this.starts.length });
  }
}

const groups: MixedGroup[] = [];
const mixed = async (partitions = 4): Promise<MixedGroup> => {
  const topic = await createTopic('mixed', partitions);
  const group = new MixedGroup(unique('group'), topic, partitions);
  groups.push(group);
  await group.feed.start();
  return group;
};
afterEach(() => Promise.all(groups.splice(0).map((group) => group.stop())));

describe('beside plain kafkajs members', () => {
  it('a rolling upgrade from them repeats nothing and loses nothing', async () => {
    const group = await mixed();
    const first = await group.joinPlain();
    const second = await group.joinPlain();
    await eventually(() => first.partitions.length === 2 && second.partitions.length === 2, { what: 'the plain ones share the topic', within: 20_000 });
    await group.flowed(50);
    await group.fleet.join('a');
    await eventually(() => group.fleet.partitionsOf('a').length > 0, { what: 'a has partitions', within: 20_000 });
    await group.flowed(50);
    await first.stop();
    await group.flowed(50);
    await group.fleet.join('b');
    await eventually(() => group.fleet.partitionsOf('b').length > 0, { what: 'b has partitions', within: 20_000 });
    await group.flowed(50);
    await second.stop();
    await group.fleet.settled(4);
    await group.flowed(50);
    await group.handledAll();
    expect(group.repeated).toEqual([]);
  }, 90_000);

  it('one that joins a group of ours gets its share, and what stays goes on', async () => {
    const group = await mixed();
    await group.fleet.join('a');
    await group.fleet.join('b');
    await group.fleet.settled(4);
    await group.flowed(50);
    const plain = await group.joinPlain();
    await eventually(() => plain.partitions.length > 0, { what: 'the plain one has partitions', within: 20_000 });
    await group.flowed(100);
    expect(plain.started.length).toBeGreaterThan(0);
    await plain.stop();
    await group.fleet.settled(4);
    await group.handledAll();
    expect(group.repeated).toEqual([]);
  }, 90_000);

  it('that lead, because ours has left, take over: at most what is in flight at that moment is repeated, and nothing is lost', async () => {
    const group = await mixed();
    await group.fleet.join('a');
    await group.flowed(20);
    const plain = await group.joinPlain();
    await eventually(() => plain.partitions.length > 0, { what: 'the plain one has partitions', within: 20_000 });
    await group.fleet.join('b');
    await eventually(() => group.fleet.partitionsOf('b').length > 0, { what: 'b has partitions', within: 20_000 });
    await group.flowed(50);
    await group.fleet.leave('a');
    await eventually(() => plain.partitions.length === 2 && group.fleet.partitionsOf('b').length === 2, { what: 'two are left', within: 20_000 });
    await group.flowed(50);
    await plain.stop();
    await group.fleet.settled(4);
    await group.handledAll();
    const { fleet } = group;
    const lostRuns = fleet.hooks.filter(({ what }) => what === 'lost');
    if (lostRuns.length === 0) expect(group.repeated).toEqual([]);
    else expect(group.repeated.length).toBeLessThanOrEqual(20);
  }, 90_000);
});
