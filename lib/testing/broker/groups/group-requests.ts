
/** Called once, now or when the group has got so far. */
export type Answer<Reply> = (reply: Reply) => void;

/** A way to divide partitions that a member offers, and what it says of itself under it. */
export interface GroupProtocol {
  readonly name: string;
  readonly metadata: Buffer;
}

export interface JoinRequest {
  readonly groupId: string;
  /** Empty: the member has none yet. */
  readonly memberId: string;
  /** Of a static member (`group.instance.id`). */
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  readonly protocolType: string;
  /** The one it likes best comes first. */
  readonly protocols: readonly GroupProtocol[];
  /** Version 4 and above: who has no id is given one, and has to join with it. */
  readonly mustJoinWithId: boolean;
  /** Version 9 and above: a static leader that is back is told everybody's metadata, and that nothing is to be assigned. */
  readonly maySkipAssignment: boolean;
}

export interface JoinReply {
  readonly errorCode: number;
  readonly generation: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly leaderId: string;
  readonly memberId: string;
  readonly skipAssignment: boolean;
  /** For the leader; nobody else is told. */
  readonly members: readonly JoinedMember[];
}
export interface JoinedMember {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly metadata: Buffer;
}

/** Who says something as a member of which generation. */
export interface MemberIdentity {
  readonly groupId: string;
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly generation: number;
}

export interface SyncRequest extends MemberIdentity {
  /** Null below version 5. */
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignments: ReadonlyMap<string, Buffer>;
}
export interface SyncReply {
  readonly errorCode: number;
  readonly protocolType: string | null;
  readonly protocolName: string | null;
  readonly assignment: Buffer;
}

/** A member to leave: its own id, or, for whoever administers static members, the instance's alone. */
export interface LeavingMember {
  readonly memberId: string;
  readonly instanceId: string | null;
}

export type GroupState = 'Empty' | 'PreparingRebalance' | 'CompletingRebalance' | 'Stable' | 'Dead';

export interface GroupDescription {
  readonly groupId: string;
  readonly state: GroupState;
  readonly protocolType: string;
  /** The protocol that was chosen; empty while the group is not stable. */
  readonly protocolName: string;
  readonly members: readonly MemberDescription[];
}
export interface MemberDescription {
  readonly memberId: string;
  readonly instanceId: string | null;
  readonly clientId: string;
  readonly clientHost: string;
  /** Empty while the group is not stable. */
  readonly metadata: Buffer;
  readonly assignment: Buffer;
}

const NOTHING = Buffer.alloc(0);

export function refusedJoin(errorCode: number, memberId: string): JoinReply {
  return { errorCode, generation: -1, protocolType: null, protocolName: null, leaderId: '', memberId, skipAssignment: false, members: [] };
}
export function refusedSync(errorCode: number): SyncReply {
  return { errorCode, protocolType: null, protocolName: null, assignment: NOTHING };
}
