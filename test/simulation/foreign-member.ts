import { KAFKAJS_PROTOCOL } from '../../lib/assignors/protocol.js';
import type { JoinReply, JoinRequest, MemberPartitions, SyncReply } from '../../lib/consumer/wire.js';
import type { MemberIdRequired } from './coordinator.js';
import type { SimulatedKafka } from './kafka.js';
import { Refusal } from './network.js';
import type { Scheduler } from './scheduler.js';

const HEARTBEAT_MS = 700;
const RETRY_MS = 300;

/**
 * A member of another client, as a leader a careless one: it knows nothing of claims and divides everything anew. What it is
 * given waits until it leaves.
 */
export class ForeignMember {
  private id = '';
  private generation = -1;
  private hasLeft = false;

  constructor(
    private readonly kafka: SimulatedKafka,
    private readonly scheduler: Scheduler,
    private readonly topics: readonly string[],
  ) {}

  join(): void {
    if (this.hasLeft) return;
    const request: JoinRequest = { memberId: this.id, sessionTimeoutMs: 6000, rebalanceTimeoutMs: 10_000, protocols: [{ name: KAFKAJS_PROTOCOL, topics: this.topics, userData: Buffer.alloc(0) }] };
    this.kafka.coordinator.join(this.id, request, (reply) => this.later(1, () => this.joined(reply)));
  }

  leave(): void {
    this.hasLeft = true;
    this.kafka.coordinator.leave(this.id, () => {});
  }

  private joined(reply: JoinReply | MemberIdRequired | Refusal): void {
    if (reply instanceof Refusal) return this.refused(reply);
    if ('memberIdRequired' in reply) {
      this.id = reply.memberIdRequired;
      return this.join();
    }
    const { memberId, generation, leaderId, protocol, members } = reply;
    this.id = memberId;
    this.generation = generation;
    const assignments = leaderId === memberId ? this.divide(members) : [];
    this.kafka.coordinator.sync({ memberId, generation, protocol, assignments }, (synced) => this.later(1, () => this.synced(synced)));
  }

  private synced(reply: SyncReply | Refusal): void {
    if (reply instanceof Refusal) this.refused(reply);
    else this.later(HEARTBEAT_MS, () => this.beat());
  }

  private beat(): void {
    this.kafka.coordinator.heartbeat({ memberId: this.id, generation: this.generation }, (answer) => {
      if (answer instanceof Refusal) return this.refused(answer);
      if (answer === 'rebalancing') this.join();
      else this.later(HEARTBEAT_MS, () => this.beat());
    });
  }

  private refused({ code }: Refusal): void {
    if (code === 'UNKNOWN_MEMBER_ID') this.id = '';
    this.later(RETRY_MS, () => this.join());
  }

  private divide(members: JoinReply['members']): MemberPartitions[] {
    const shares = members.map(({ memberId }) => ({ memberId, partitions: new Map<string, number[]>(), userData: Buffer.alloc(0) }));
    [...this.kafka.logs.values()].forEach(({ topic, partition }, index) => {
      const { partitions } = shares[(index + this.generation) % shares.length];
      partitions.set(topic, [...(partitions.get(topic) ?? []), partition]);
    });
    return shares;
  }

  private later(delayMs: number, work: () => void): void {
    this.scheduler.after(delayMs, () => {
      if (!this.hasLeft) work();
    });
  }
}
