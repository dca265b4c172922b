import { kafkajsWire } from '../../lib/kafkajs/kafkajs-wire.js';
import type { MemberIdentity, Wire } from '../../lib/consumer/wire.js';
import { testBrokers, withAdmin } from './kafka.js';

/** Whoever commits without being a member: Kafka takes it while the group has no members. */
const OUTSIDE: MemberIdentity = { memberId: '', generation: -1 };

export interface ForeignCommit {
  readonly topic: string;
  readonly partition?: number;
  readonly offset: number;
  readonly metadata?: string;
}

/** Commits as a tool or another program would. @throws where Kafka refuses one of them */
export async function commitAs(groupId: string, commits: readonly ForeignCommit[], { identity = OUTSIDE, brokers = testBrokers() }: { identity?: MemberIdentity; brokers?: string[] } = {}): Promise<void> {
  await withWire(brokers, groupId, async (wire) => {
    const outcomes = await wire.commit(identity, commits.map(({ partition = 0, metadata = '', ...commit }) => ({ ...commit, partition, metadata })));
    for (const { error } of outcomes) if (error !== null) throw error;
  });
}

/** Throws a member out of its group, which learns of it only by its next request. */
export async function evict(groupId: string, memberId: string): Promise<void> {
  await withWire(testBrokers(), groupId, (wire) => wire.leave({ memberId, generation: -1 }));
}

/** Cuts the beginning of a partition's log off. */
export async function deleteRecords(topic: string, below: number, partition = 0): Promise<void> {
  await withAdmin(async (admin) => {
    // kafkajs deletes only where it has the metadata, and loads it only here.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(below) }] });
  });
}

async function withWire<T>(brokers: string[], groupId: string, work: (wire: Wire) => Promise<T>): Promise<T> {
  const log = { info() {}, warn() {}, error() {}, debug: null };
  const wire = kafkajsWire({ client: { brokers }, groupId, sessionTimeoutMs: 10_000, log })();
  await wire.connect();
  try {
    return await work(wire);
  } finally {
    await wire.close();
  }
}
