import type { RecordChunk } from '../engine/record-chunk.js';

/**
 * What a group member needs of Kafka. One per member. `lib/kafkajs` implements it, the simulation replaces it, and nothing
 * on this side of it knows a quirk of the client library. Every rejection is a `WireError`.
 */
export interface Wire {
  /** Opens the connections. Rejects with kind 'unavailable' when no broker answers. */
  connect(): Promise<void>;
  /** Ends the connections; requests under way reject. Idempotent. */
  close(): Promise<void>;

  /** Names of all topics that the broker shows to this client. */
  topics(): Promise<readonly string[]>;
  /** Fresh metadata of these topics, which stay the ones that are kept up to date. A topic that does not exist is absent. */
  metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>>;

  /**
   * One fetch from one broker. Rejects only when the whole request failed; an error of one partition is in that partition's
   * result and costs the others nothing. Fetches go on while a join waits.
   */
  fetch(request: FetchRequest): Promise<readonly FetchedPartition[]>;

  /** The offset at a point in the log, per partition. Partitions that could not be asked reject the call. */
  offsets(queries: readonly OffsetQuery[]): Promise<readonly PartitionOffset[]>;

  /** Waits in the broker until the group has assembled. A first join's MEMBER_ID_REQUIRED is answered here. */
  join(request: JoinRequest): Promise<JoinReply>;
  sync(request: SyncRequest): Promise<SyncReply>;

  // From here on: over a connection of their own, because a waiting join blocks the one it was sent on.

  /** 'rebalancing' is a proof of membership, too. */
  heartbeat(identity: MemberIdentity): Promise<'ok' | 'rebalancing'>;
  /** One request. A refused partition is in the reply with its kind; a refused request rejects. */
  commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]>;
  /** Committed offset and metadata; offset −1 where there is none. */
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]>;
  leave(identity: MemberIdentity): Promise<void>;
}

/** Opens a wire of its own for each member of a group. */
export type WireFactory = () => Wire;

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}
export interface TopicMetadata {
  readonly topic: string;
  readonly partitions: readonly { readonly partition: number; readonly leader: number | null }[];
  /** Kafka refuses to tell of this topic, and would do so again. It then has no partitions. */
  readonly refusal?: WireError;
}
export interface MemberIdentity {
  readonly memberId: string;
  readonly generation: number;
}

export interface FetchRequest {
  /** Node id of the broker that leads the partitions. */
  readonly leader: number;
  readonly maxWaitMs: number;
  readonly minBytes: number;
  readonly maxBytes: number;
  readonly maxBytesPerPartition: number;
  readonly isolation: 'read_committed' | 'read_uncommitted';
  readonly positions: readonly (TopicPartition & { readonly offset: number })[];
}

/** 'moved': ask for metadata again. 'out-of-range': the position is not in the log. 'unavailable': try later. 'unauthorized' and 'corrupt' need a person. */
export type FetchFault = 'moved' | 'out-of-range' | 'unavailable' | 'unauthorized' | 'corrupt';
export interface FetchedPartition extends TopicPartition {
  readonly fault: FetchFault | null;
  /** The broker's name of the fault, or what could not be decoded. */
  readonly reason?: string;
  /** Null with a fault, and where nothing lies at the position. A chunk without records still moves the position. */
  readonly chunk: RecordChunk | null;
  readonly highWatermark: number;
  readonly lastStableOffset: number;
  readonly logStartOffset: number;
  /** KIP-392: the broker asks to be read from this replica instead; −1 where it does not. */
  readonly preferredReplica: number;
}

export interface OffsetQuery extends TopicPartition {
  readonly at: 'earliest' | 'latest' | { readonly timestampMs: number };
}
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

export interface JoinRequest {
  readonly memberId: string;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** In order of preference. Topics and user data are what the group's leader will see of this member. */
  readonly protocols: readonly { readonly name: string; readonly topics: readonly string[]; readonly userData: Buffer }[];
  /** Told of the id that the coordinator has given a new member, before its join waits: it may have to leave without an answer. */
  readonly identified?: (memberId: string) => void;
}
export interface JoinedMember {
  readonly memberId: string;
  readonly topics: readonly string[];
  /** Written by another process: untrusted. */
  readonly userData: Buffer;
}
export interface JoinReply extends MemberIdentity {
  readonly leaderId: string;
  readonly protocol: string;
  /** Only the leader is told. A member whose metadata does not decode has no topics. */
  readonly members: readonly JoinedMember[];
}
export interface MemberPartitions {
  readonly memberId: string;
  readonly partitions: ReadonlyMap<string, readonly number[]>;
  readonly userData: Buffer;
}
export interface SyncRequest extends MemberIdentity {
  readonly protocol: string;
  /** From the leader; empty from everybody else. */
  readonly assignments: readonly MemberPartitions[];
}
export interface SyncReply {
  readonly partitions: ReadonlyMap<string, readonly number[]>;
  readonly userData: Buffer;
}

export interface OffsetCommit extends TopicPartition {
  readonly offset: number;
  readonly metadata: string;
}
export interface CommitOutcome extends TopicPartition {
  /** Null when it was acknowledged. */
  readonly error: WireError | null;
}
export interface CommittedOffset extends TopicPartition {
  readonly offset: number;
  readonly metadata: string;
}

/**
 * What a failure means for a member, whatever the broker or the library called it:
 * 'rebalancing' the group assembles again; 'fenced' the generation is over; 'unknown-member' the identity is gone;
 * 'moved' leader or coordinator changed; 'unavailable' nobody answered or the broker asked to try again;
 * 'too-large' the request or the metadata is above a limit; 'fatal' no repetition will help (authorisation, a foreign
 * protocol in the group, a client that lacks what is needed).
 */
export type WireErrorKind = 'rebalancing' | 'fenced' | 'unknown-member' | 'moved' | 'unavailable' | 'too-large' | 'metadata-too-large' | 'fatal';

export class WireError extends Error {
  override readonly name = 'WireError';
  constructor(
    readonly kind: WireErrorKind,
    /** Kafka's name of the error where there is one, such as 'ILLEGAL_GENERATION'. */
    readonly code: string,
    message: string,
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
