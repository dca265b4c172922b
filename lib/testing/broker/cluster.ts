import { randomBytes } from 'node:crypto';
import type { BrokerClock } from './clock.js';
import { GroupCoordinator } from './groups/group-coordinator.js';
import { Node } from './nodes.js';
import type { Topic } from './topics/topic.js';
import { Topics } from './topics/topics.js';
import { TransactionCoordinator } from './transactions/transaction-coordinator.js';

export type CoordinatorKind = 'group' | 'transaction';

export interface ClusterSettings {
  /** Virtual brokers, with the ids 1 to this. */
  readonly brokers: number;
  /** Whether a topic that somebody asks for by name comes into being. */
  readonly autoCreateTopics: boolean;
}

/**
 * How a new API plugs in: a file with `defineApi` (see apis/find-coordinator.ts), and a line in the list of its kind
 * (groups/apis.ts, transactions/apis.ts, apis/registry.ts). Its handler gets this object, changes it, and answers; state machines
 * take the clock from here, so that tests can move time.
 *
 * Everything that the virtual brokers know, and they know all the same: replication is not played. One event loop owns it;
 * a handler changes it without anybody in between.
 */
export class Cluster {
  readonly clusterId = randomBytes(16).toString('base64url');
  readonly nodes: readonly Node[];
  /** `topics.partition(name, index)` is a partition, if it exists; its `append` and `endTransaction` write. */
  readonly topics: Topics;
  readonly groups: GroupCoordinator;
  readonly transactions: TransactionCoordinator;
  private readonly movedCoordinators = new Map<string, Node>();

  constructor(
    readonly settings: ClusterSettings,
    readonly clock: BrokerClock,
  ) {
    this.nodes = Array.from({ length: settings.brokers }, (_, index) => new Node(index + 1, '127.0.0.1'));
    this.topics = new Topics(this.nodes);
    this.groups = new GroupCoordinator(this);
    this.transactions = new TransactionCoordinator(this);
  }

  deleteTopic(topic: Topic): void {
    this.topics.delete(topic);
    this.groups.topicDeleted(topic.name);
  }

  /** Null while no broker lives. Kafka 4 lets any broker take what is for the controller, and so does this one. */
  get controller(): Node | null {
    return this.nodes.find(node => node.alive) ?? null;
  }

  /** Spread over the living brokers by a hash of the key; null while none lives. */
  coordinatorOf(kind: CoordinatorKind, key: string): Node | null {
    const moved = this.movedCoordinators.get(`${kind} ${key}`);
    if (moved?.alive === true) return moved;
    const first = hash(key) % this.nodes.length;
    const turns = [...this.nodes.slice(first), ...this.nodes.slice(0, first)];
    return turns.find(node => node.alive) ?? null;
  }

  /** For handlers: whoever else is asked answers NOT_COORDINATOR. */
  coordinates(node: Node, kind: CoordinatorKind, key: string): boolean {
    return this.coordinatorOf(kind, key) === node;
  }

  moveCoordinator(kind: CoordinatorKind, key: string, to: Node): void {
    if (this.coordinatorOf(kind, key) === to) return;
    this.movedCoordinators.set(`${kind} ${key}`, to);
    if (kind === 'group') this.groups.coordinatorMoved(key);
    else this.transactions.coordinatorMoved(key);
  }
}

/** As Java hashes a string, without its sign. */
function hash(text: string): number {
  let value = 0;
  for (let index = 0; index < text.length; index++) value = (Math.imul(value, 31) + text.charCodeAt(index)) | 0;
  return value & 0x7fffffff;
}
