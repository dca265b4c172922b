import type { PartitionQueue } from '../engine/partition-queue.js';
import { nameOf } from './decisions.js';
import { KafkaConnectionError, KafkaSeekError } from './errors.js';
import { askLag, type PartitionLag } from './group-lag.js';
import type { GroupMember } from './group-member.js';
import type { GroupOptions } from './options.js';
import { type KnownTopics, requirePartition, requireTopic, targetsOf } from './partition-targets.js';
import { type PartitionTarget, Pauses } from './pauses.js';
import { requireSeekTarget, resolveSeekTarget, type SeekTarget } from './seek-target.js';
import type { TopicRoutes } from './topic-routes.js';
import { type Wire, WireError, type WireFactory } from './wire.js';

export interface GroupControlDependencies {
  readonly options: Pick<GroupOptions, 'groupId' | 'fromBeginning'>;
  readonly wire: WireFactory;
  readonly routes: TopicRoutes;
  /** Those with open connections. */
  readonly members: () => readonly GroupMember[];
  /** Members have joined, and none of them is ending. */
  readonly isRunning: () => boolean;
}

/** What a person does to a group's partitions from outside, and asks about them. */
export class GroupControl {
  readonly pauses = new Pauses();

  constructor(private readonly deps: GroupControlDependencies) {}

  pause(target: PartitionTarget = {}): void {
    this.setPaused(true, target);
  }
  resume(target: PartitionTarget = {}): void {
    this.setPaused(false, target);
  }

  /** Before anybody had asked Kafka, every number was taken. */
  unknownPauses(): string[] {
    const known = this.knownTopics();
    return [...this.pauses.named()].filter(({ topic, partition }) => partition >= (known.get(topic) ?? Infinity)).map(nameOf);
  }

  async seek(target: SeekTarget): Promise<void> {
    const { options, isRunning, members } = this.deps;
    const { topic, partition } = target;
    const known = this.knownTopics(topic);
    requireTopic(options.groupId, known, topic);
    requirePartition(options.groupId, known, [topic], partition);
    requireSeekTarget(target);
    if (!isRunning()) throw new KafkaSeekError(target, 'stopped', `the consumer of ${options.groupId} is not running. Start it; or, while no process of the group runs, move its offset with kafka-consumer-groups --reset-offsets`);
    const owner = members().find(({ owned }) => owned.has(target));
    if (owner === undefined) throw new KafkaSeekError(target, 'not-assigned', `it is not assigned to this process, which has ${this.ownOf(topic)}. Seek in the process that has it`);
    const offset = await this.asking(() => resolveSeekTarget(owner.wire, target));
    await owner.owned.seek({ topic, partition }, offset);
  }

  lag(all: boolean): Promise<readonly PartitionLag[]> {
    const own = this.queues().map(({ topic, partition, tracker }) => ({ topic, partition, startOffset: tracker.watermark, completedAhead: tracker.completedAhead }));
    if (!all && own.length === 0) return Promise.resolve([]);
    const { fromBeginning } = this.deps.options;
    const ask = async (wire: Wire): Promise<readonly PartitionLag[]> => {
      const topics = all ? await this.topicsOf(wire) : [...new Set(own.map(({ topic }) => topic))];
      return askLag(wire, { topics, own, all, fromBeginning });
    };
    return this.asking(() => this.withWire(ask));
  }

  private setPaused(isPaused: boolean, target: PartitionTarget): void {
    const targets = targetsOf(this.deps.options.groupId, this.knownTopics(target.topic), target);
    if (target.topic === undefined && target.partitions === undefined) this.pauses.setAll(isPaused);
    else for (const [topic, partitions] of targets) this.pauses.set(isPaused, topic, partitions);
    for (const queue of this.queues()) {
      if (this.pauses.isPaused(queue)) queue.suspend('user');
      else queue.unsuspend('user');
    }
  }

  private queues(): PartitionQueue[] {
    return this.deps.members().flatMap(({ owned }) => [...owned.all]);
  }

  /** `asked` may be one that only a pattern knows. */
  private knownTopics(asked?: string): KnownTopics {
    const { routes, members } = this.deps;
    const [found] = members().map(({ metadata }) => metadata.topics);
    const names = new Set([...routes.named, ...(found?.keys() ?? []), ...(asked !== undefined && routes.has(asked) ? [asked] : [])]);
    return new Map(Array.from(names, (topic) => [topic, found?.get(topic)?.partitions.length ?? null]));
  }

  private async topicsOf(wire: Wire): Promise<readonly string[]> {
    const { routes } = this.deps;
    const matching = routes.hasPatterns ? (await wire.topics()).filter((topic) => routes.has(topic)) : [];
    return [...new Set([...routes.named, ...matching])];
  }

  private ownOf(topic: string): string {
    const partitions = this.queues().filter((queue) => queue.topic === topic);
    return partitions.length === 0 ? `none of ${topic}` : `${topic} ${partitions.map(({ partition }) => partition).join(', ')}`;
  }

  private async asking<T>(ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      throw error instanceof WireError && error.kind !== 'fatal' ? new KafkaConnectionError(`The consumer of group ${this.deps.options.groupId}`, error) : error;
    }
  }

  /** A member's connections where there is one, else some that are opened for this. */
  private async withWire<T>(work: (wire: Wire) => Promise<T>): Promise<T> {
    const [member] = this.deps.members();
    if (member !== undefined) return work(member.wire);
    const wire = this.deps.wire();
    try {
      await wire.connect();
      return await work(wire);
    } finally {
      await wire.close();
    }
  }
}
