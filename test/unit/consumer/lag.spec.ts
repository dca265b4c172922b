import { KafkaConnectionError } from '../../../lib/consumer/errors.js';
import type { GroupOptions } from '../../../lib/consumer/options.js';
import { WireError } from '../../../lib/consumer/wire.js';
import { wireError } from '../../support/fake-fetch-wire.js';
import { MemberHarness } from './member-harness.js';

const row = (partition: number, committedOffset: number, endOffset: number, lag: number, completedAhead: number | null): object => ({ topic: 't', partition, committedOffset, endOffset, lag, completedAhead });

/** Partitions 0 and 1 are here; 2 has a commit of somebody else, 3 has none. */
async function member(options: Partial<GroupOptions> = {}): Promise<MemberHarness> {
  const group = new MemberHarness(options);
  group.wire.stored.set('t/2', { offset: 1, metadata: '' });
  for (const partition of [0, 1, 2, 3]) await group.append(partition, 4);
  group.wire.set('t', 3, { start: 1 });
  await group.member(0, 1);
  await group.complete(0, 0, 2);
  await group.clock.pass(500);
  return group;
}

describe('lag', () => {
  it('is one row for each partition of this process, as the brokers know it', async () => {
    expect(await (await member()).consumer.lag(false)).toEqual([row(0, 1, 4, 3, 1), row(1, 0, 4, 4, 0)]);
  });

  it('is one row for each partition of the topics on request; one without a commit counts from where the group would start', async () => {
    expect(await (await member()).consumer.lag(true)).toEqual([row(0, 1, 4, 3, 1), row(1, 0, 4, 4, 0), row(2, 1, 4, 3, null), row(3, -1, 4, 3, null)]);
  });

  it('counts from the end where the group would start there, and from the start where others of the topic have commits', async () => {
    const group = new MemberHarness({ fromBeginning: false });
    await group.append(0, 4);
    group.wire.set('t', 0, { start: 1 });
    expect((await group.consumer.lag(true))[0]).toEqual(row(0, -1, 4, 0, null));
    group.wire.stored.set('t/2', { offset: 0, metadata: '' });
    expect((await group.consumer.lag(true))[0]).toEqual(row(0, -1, 4, 3, null));
  });

  it('asks for metadata, commits and offsets once each', async () => {
    const group = await member();
    const { asked } = group.wire;
    const before = [asked.metadata, asked.committed.length, asked.offsets.length];
    await group.consumer.lag(true);
    expect([asked.metadata, asked.committed.length, asked.offsets.length].map((count, index) => count - before[index])).toEqual([1, 1, 1]);
  });

  it('of a stopped group is known with `all`, over connections of its own, and is none without', async () => {
    const group = await member();
    group.consumer.pause();
    await group.complete(0, 1, 3);
    await group.complete(1, 0, 1, 2, 3);
    await group.consumer.stop(1000);
    expect(await group.consumer.lag(false)).toEqual([]);
    expect(await group.consumer.lag(true)).toEqual([row(0, 4, 4, 0, null), row(1, 4, 4, 0, null), row(2, 1, 4, 3, null), row(3, -1, 4, 3, null)]);
  });

  it('has no rows of a topic that was deleted, also while it is asked for', async () => {
    const group = await member();
    const gone = new WireError('moved', 'UNKNOWN_TOPIC_OR_PARTITION', 'gone');
    group.wire.failures.offsets.push(gone);
    expect(await group.consumer.lag(false)).toHaveLength(2);
    group.wire.partitions.delete('t');
    expect(await group.consumer.lag(false)).toEqual([]);
    expect(await group.consumer.lag(true)).toEqual([]);
  });

  it.each(['metadata', 'committed', 'offsets'] as const)('says that no broker answers where none does (%s)', async (request) => {
    const group = await member();
    group.wire.failures[request].push(wireError('unavailable'));
    await expect(group.consumer.lag(true)).rejects.toThrow(KafkaConnectionError);
  });
});
