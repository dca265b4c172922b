import type { GroupMember } from './group-member.js';
import type { GroupProtocol, JoinedMember } from './group-requests.js';

/** Who is in a group, who leads it, and what all of them have in common. */
export class GroupMembers {
  leaderId: string | null = null;
  /** `consumer`, as a rule; the first member says it. */
  protocolType: string | null = null;
  /** Ids given out that nobody has joined with yet, and what takes each back. The group waits for them. */
  readonly promised = new Map<string, () => void>();
  private readonly members = new Map<string, GroupMember>();
  private readonly staticIds = new Map<string, string>();

  get size(): number {
    return this.members.size;
  }
  get all(): readonly GroupMember[] {
    return [...this.members.values()];
  }
  get ids(): readonly string[] {
    return [...this.members.keys()];
  }
  get(memberId: string): GroupMember | undefined {
    return this.members.get(memberId);
  }
  staticId(instanceId: string): string | undefined {
    return this.staticIds.get(instanceId);
  }
  get allJoined(): boolean {
    return this.promised.size === 0 && this.all.every(({ joining }) => joining !== null);
  }
  get rebalanceTimeoutMs(): number {
    return Math.max(0, ...this.all.map(({ rebalanceTimeoutMs }) => rebalanceTimeoutMs));
  }

  add(member: GroupMember, protocolType: string): void {
    if (this.members.size === 0) this.protocolType = protocolType;
    this.leaderId ??= member.id;
    this.members.set(member.id, member);
    if (member.instanceId !== null) this.staticIds.set(member.instanceId, member.id);
  }

  remove(member: GroupMember): void {
    this.members.delete(member.id);
    if (member.instanceId !== null) this.staticIds.delete(member.instanceId);
    if (this.leaderId === member.id) this.leaderId = this.ids[0] ?? null;
  }

  /** The instance goes on under another id, in its predecessor's place. */
  replace(member: GroupMember, successor: GroupMember): void {
    const isLeader = this.leaderId === member.id;
    this.remove(member);
    this.add(successor, this.protocolType ?? '');
    if (isLeader) this.leaderId = successor.id;
  }

  /** False where nobody has joined this round: then there is nobody to lead. */
  electLeader(): boolean {
    const leader = this.leaderId === null ? undefined : this.members.get(this.leaderId);
    if (leader?.joining) return true;
    const joined = this.all.find(({ joining }) => joining !== null);
    if (joined === undefined) return false;
    this.leaderId = joined.id;
    return true;
  }

  /** Whether somebody with these could be a member beside those that are. */
  accepts(protocolType: string, protocols: readonly GroupProtocol[]): boolean {
    return protocolType === this.protocolType && protocols.some(({ name }) => this.all.every((member) => member.speaks(name)));
  }

  /** Everybody votes for the first of its protocols that all of them speak. */
  selectProtocol(): string {
    const votes = new Map<string, number>();
    for (const { protocols } of this.all) {
      const choice = protocols.find(({ name }) => this.all.every((member) => member.speaks(name)));
      if (choice !== undefined) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1);
    }
    let winner: [string, number] = ['', 0];
    for (const [name, count] of votes) if (count > winner[1]) winner = [name, count];
    return winner[0];
  }

  joined(protocol: string): JoinedMember[] {
    return this.all.map((member) => ({ memberId: member.id, instanceId: member.instanceId, metadata: member.metadata(protocol) }));
  }
}
