import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import type { Node } from '../nodes.js';
import type { Partition } from './partition.js';
import { Topic } from './topic.js';
import { TopicConfig } from './topic-config.js';

export interface NewTopic {
  readonly name: string;
  /** −1 for the default, 1. */
  readonly partitions: number;
  /** −1 for the default: on each broker, and on three at most. */
  readonly replicationFactor: number;
  /** Ids of brokers, for each partition; empty where the cluster decides. */
  readonly assignments?: readonly (readonly number[])[];
  readonly configs?: readonly (readonly [string, string | null])[];
}

const LONGEST_NAME = 249;
/** A hostile number of partitions would fill the memory. */
const MOST_PARTITIONS = 100_000;

/** The topics of a cluster, by name and by id. */
export class Topics {
  private readonly byName = new Map<string, Topic>();
  private readonly byId = new Map<string, Topic>();
  /** Where the next topic's first leader is, so that leaders are spread over brokers. */
  private turn = 0;

  constructor(readonly nodes: readonly Node[]) {}

  all(): Iterable<Topic> {
    return this.byName.values();
  }
  named(name: string): Topic | undefined {
    return this.byName.get(name);
  }
  withId(id: string): Topic | undefined {
    return this.byId.get(id);
  }
  partition(topic: string, index: number): Partition | undefined {
    return this.byName.get(topic)?.partitions[index];
  }
  *partitions(): Generator<Partition> {
    for (const topic of this.byName.values()) yield* topic.partitions;
  }

  /** @throws KafkaError with what Kafka answers for a topic that cannot be; with `validateOnly` nothing else happens. */
  create(wanted: NewTopic, validateOnly = false): Topic {
    checkName(wanted.name);
    if (this.byName.has(wanted.name)) throw new KafkaError(ErrorCode.TOPIC_ALREADY_EXISTS, `Topic '${wanted.name}' already exists.`);
    const topic = new Topic(wanted.name, new TopicConfig(wanted.configs));
    topic.grow(this.replicas(wanted));
    if (validateOnly) return topic;
    this.byName.set(topic.name, topic);
    this.byId.set(topic.id, topic);
    return topic;
  }

  delete(topic: Topic): void {
    this.byName.delete(topic.name);
    this.byId.delete(topic.id);
    topic.deleted();
  }

  /** @throws KafkaError INVALID_PARTITIONS unless there are more than now. */
  grow(topic: Topic, count: number, assignments: readonly (readonly number[])[], validateOnly: boolean): void {
    const now = topic.partitions.length;
    if (count <= now) throw new KafkaError(ErrorCode.INVALID_PARTITIONS, `The topic currently has ${now} partition(s); ${count} would not be an increase.`);
    if (count > MOST_PARTITIONS) throw tooMany(count);
    if (assignments.length > 0 && assignments.length !== count - now) throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `${count - now} partitions are added, and ${assignments.length} are assigned.`);
    const factor = topic.partitions[0]?.replicas.length ?? 1;
    const added = assignments.length > 0 ? assignments.map(ids => this.assigned(ids)) : Array.from({ length: count - now }, (_, index) => this.spread(now + index, factor));
    if (!validateOnly) topic.grow(added);
  }

  private replicas({ partitions, replicationFactor, assignments = [] }: NewTopic): Node[][] {
    if (assignments.length > 0) {
      if (partitions !== -1 || replicationFactor !== -1) throw new KafkaError(ErrorCode.INVALID_REQUEST, 'A manual assignment goes without a number of partitions and a replication factor.');
      return assignments.map(ids => this.assigned(ids));
    }
    if (partitions !== -1 && partitions < 1) throw new KafkaError(ErrorCode.INVALID_PARTITIONS, 'Number of partitions was set to an invalid non-positive value.');
    if (partitions > MOST_PARTITIONS) throw tooMany(partitions);
    const factor = replicationFactor === -1 ? Math.min(3, this.nodes.length) : replicationFactor;
    if (factor < 1 || factor > this.nodes.length) throw new KafkaError(ErrorCode.INVALID_REPLICATION_FACTOR, `Replication factor ${factor} is asked for, and there are ${this.nodes.length} broker(s).`);
    const first = this.turn++;
    return Array.from({ length: partitions === -1 ? 1 : partitions }, (_, index) => this.spread(first + index, factor));
  }

  private spread(first: number, factor: number): Node[] {
    return Array.from({ length: factor }, (_, replica) => this.nodes[(first + replica) % this.nodes.length]);
  }

  private assigned(ids: readonly number[]): Node[] {
    const nodes = ids.map(id => this.nodes.find(node => node.id === id));
    const known = nodes.filter(node => node !== undefined);
    if (ids.length === 0 || known.length < ids.length || new Set(ids).size < ids.length) throw new KafkaError(ErrorCode.INVALID_REPLICA_ASSIGNMENT, `The replicas [${ids.join(', ')}] are not all brokers, or name one twice.`);
    return known;
  }
}

/** @throws KafkaError INVALID_TOPIC_EXCEPTION */
export function checkName(name: string): void {
  if (name.length > 0 && name.length <= LONGEST_NAME && name !== '.' && name !== '..' && /^[a-zA-Z0-9._-]+$/.test(name)) return;
  throw new KafkaError(ErrorCode.INVALID_TOPIC_EXCEPTION, `Topic name is invalid: '${name.slice(0, LONGEST_NAME)}' has to have 1 to ${LONGEST_NAME} of the characters a-z, A-Z, 0-9, '.', '_' and '-', and must not be '.' or '..'.`);
}

function tooMany(partitions: number): KafkaError {
  return new KafkaError(ErrorCode.INVALID_PARTITIONS, `${partitions} partitions are more than the embedded broker holds (${MOST_PARTITIONS}).`);
}
