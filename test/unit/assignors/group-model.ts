import type { AssignmentStrategy } from '../../../lib/assignors/assign.js';
import { NO_CLAIMS } from '../../../lib/assignors/claims.js';
import { decodeMark } from '../../../lib/assignors/user-data.js';
import { divide, joinProtocols, readMembers } from '../../../lib/consumer/assignment-policy.js';
import { byTopic, decide, nameOf } from '../../../lib/consumer/decisions.js';
import type { TopicPartition } from '../../../lib/consumer/wire.js';

/** What a member has of a partition, and the commit that it made last there. */
interface Holding extends TopicPartition {
  isDraining: boolean;
  commit: number;
}

export class ModelMember {
  readonly holdings = new Map<string, Holding>();
  confirmed = -1;
  isLeaving = false;
  /** It was away, and has not been told yet what became of its claims. */
  isSuspect = false;

  constructor(
    public id: string,
    readonly topics: readonly string[],
  ) {}

  get draining(): Holding[] {
    return [...this.holdings.values()].filter(({ isDraining }) => isDraining);
  }
  get userData(): Buffer {
    const { confirmed: generation, isLeaving: leaving } = this;
    const claims = { ...NO_CLAIMS, owned: byTopic(this.holdings.values()), draining: byTopic(this.draining), generation, leaving };
    return joinProtocols(this.topics, claims)[0].userData;
  }
}

/**
 * A group as far as claims go: members that join, leave, die, freeze and return, rounds of joins and assignments, and one commit
 * per partition. Handlers run where a member has a partition and is not suspect.
 */
export class GroupModel {
  readonly members: ModelMember[] = [];
  readonly frozen: ModelMember[] = [];
  /** Grows with every commit, by partition: whoever moved it last. */
  private readonly commits = new Map<string, number>();
  private generation = 0;
  private ids = 0;

  constructor(
    private readonly strategy: AssignmentStrategy,
    readonly partitions: ReadonlyMap<string, number>,
  ) {}

  join(topics: readonly string[]): void {
    this.members.push(new ModelMember(this.newId(), topics));
  }
  kill(index: number): void {
    this.members.splice(index % Math.max(1, this.members.length), 1);
  }
  freeze(index: number): void {
    this.frozen.push(...this.members.splice(index % Math.max(1, this.members.length), 1));
  }
  /** The coordinator has forgotten it: it comes back under another id, with the claims that it had. */
  thaw(index: number): void {
    for (const member of this.frozen.splice(index % Math.max(1, this.frozen.length), 1)) {
      member.id = this.newId();
      member.isSuspect = true;
      this.members.push(member);
    }
  }
  leave(index: number): void {
    const member = this.members[index % Math.max(1, this.members.length)];
    if (member !== undefined) member.isLeaving = true;
  }

  /** Some of what is being drained is done: committed and released, in the members' order. */
  drain(isDone: (index: number) => boolean = () => true): void {
    let index = 0;
    for (const member of this.members) {
      if (member.isSuspect) continue;
      for (const holding of member.draining) {
        if (!isDone(index++)) continue;
        this.commit(holding);
        member.holdings.delete(nameOf(holding));
      }
    }
    for (const member of [...this.members]) if (member.isLeaving && member.holdings.size === 0) this.members.splice(this.members.indexOf(member), 1);
  }
  /** Members commit what they have. */
  commitSome(isDue: (index: number) => boolean): void {
    let index = 0;
    for (const { isSuspect, holdings } of this.members) for (const holding of holdings.values()) if (!isSuspect && isDue(index++)) this.commit(holding);
  }

  /** Everybody joins, the first one leads. `misses` are told nothing: they join again in the next round. */
  round(misses: (index: number) => boolean = () => false): void {
    this.generation++;
    const joined = this.members.map(({ id, topics, userData }) => ({ memberId: id, topics, userData }));
    const assignments = new Map(divide(this.strategy, readMembers(joined, this.generation), this.partitions).map((one) => [one.memberId, one]));
    this.members.forEach((member, index) => {
      const assignment = assignments.get(member.id);
      if (assignment === undefined || misses(index)) return;
      if (member.confirmed >= 0 && member.confirmed !== this.generation - 1) member.isSuspect = true;
      member.confirmed = this.generation;
      this.apply(member, decide(member.holdings.values(), assignment.partitions, decodeMark(assignment.userData)));
    });
  }

  /** By partition, the members whose handlers may run there. */
  holders(): Map<string, ModelMember[]> {
    const holders = new Map<string, ModelMember[]>();
    for (const member of this.members) {
      if (member.isSuspect) continue;
      for (const name of member.holdings.keys()) holders.set(name, [...(holders.get(name) ?? []), member]);
    }
    return holders;
  }
  /** Who has what, in one comparable text. */
  get picture(): string {
    return this.members.map(({ id, holdings }) => `${id}: ${[...holdings].map(([name, { isDraining }]) => `${name}${isDraining ? '!' : ''}`).sort().join(' ')}`).sort().join('\n');
  }

  private apply(member: ModelMember, { kept, revoked, lost, added }: ReturnType<typeof decide<Holding>>): void {
    for (const holding of kept) holding.isDraining = false;
    for (const holding of revoked) holding.isDraining = true;
    for (const holding of lost) member.holdings.delete(nameOf(holding));
    const moved = member.isSuspect ? [...kept, ...revoked].filter((holding) => this.commits.get(nameOf(holding)) !== holding.commit) : [];
    for (const holding of moved) member.holdings.delete(nameOf(holding));
    member.isSuspect = false;
    for (const { topic, partition } of [...added, ...moved.filter((holding) => kept.includes(holding))]) {
      const holding = { topic, partition, isDraining: false, commit: 0 };
      // Where a partition begins is committed before its first record.
      this.commit(holding);
      member.holdings.set(nameOf(holding), holding);
    }
  }

  private commit(holding: Holding): void {
    holding.commit = (this.commits.get(nameOf(holding)) ?? 0) + 1;
    this.commits.set(nameOf(holding), holding.commit);
  }
  private newId(): string {
    // Ids are random: what comes later may sort before.
    const id = this.ids++;
    return `m${(id * 7919) % 1000}-${id}`;
  }
}
