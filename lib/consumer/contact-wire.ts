import type { BrokerContact } from './broker-contact.js';
import type { Clock } from './clock.js';
import {
  type CommitOutcome, type CommittedOffset, type FetchedPartition, type FetchRequest, type JoinReply, type JoinRequest, type MemberIdentity,
  type OffsetCommit, type OffsetQuery, type PartitionOffset, type SyncReply, type SyncRequest, type TopicMetadata, type TopicPartition, type Wire,
  WireError, type WireErrorKind,
} from './wire.js';

/** Refusals that only a broker can have said. */
const VERDICTS: ReadonlySet<WireErrorKind> = new Set<WireErrorKind>(['rebalancing', 'fenced', 'unknown-member', 'too-large', 'metadata-too-large']);
const NOBODY: ReadonlySet<WireErrorKind> = new Set<WireErrorKind>(['unavailable', 'moved']);

/** A wire that takes note of when brokers answer. */
export class ContactWire implements Wire {
  constructor(
    private readonly wire: Wire,
    private readonly contact: BrokerContact,
    private readonly clock: Clock,
  ) {}

  connect(): Promise<void> {
    return this.wire.connect();
  }
  close(): Promise<void> {
    return this.wire.close();
  }
  metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    return this.anybody(this.wire.metadata(topics));
  }
  topics(): Promise<readonly string[]> {
    return this.anybody(this.wire.topics());
  }
  fetch(request: FetchRequest): Promise<readonly FetchedPartition[]> {
    return this.anybody(this.wire.fetch(request));
  }
  offsets(queries: readonly OffsetQuery[]): Promise<readonly PartitionOffset[]> {
    return this.anybody(this.wire.offsets(queries));
  }
  join(request: JoinRequest): Promise<JoinReply> {
    return this.coordinator(this.wire.join(request));
  }
  sync(request: SyncRequest): Promise<SyncReply> {
    return this.coordinator(this.wire.sync(request));
  }
  heartbeat(identity: MemberIdentity): Promise<'ok' | 'rebalancing'> {
    return this.coordinator(this.wire.heartbeat(identity));
  }
  commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]> {
    return this.coordinator(this.wire.commit(identity, offsets));
  }
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.coordinator(this.wire.committed(partitions));
  }
  leave(identity: MemberIdentity): Promise<void> {
    return this.wire.leave(identity);
  }

  private async anybody<T>(request: Promise<T>): Promise<T> {
    const reply = await request;
    this.contact.answered(this.clock.now());
    return reply;
  }

  private async coordinator<T>(request: Promise<T>): Promise<T> {
    try {
      return await this.anybody(request);
    } catch (error) {
      const kind = error instanceof WireError ? error.kind : 'fatal';
      if (VERDICTS.has(kind)) this.contact.answered(this.clock.now());
      else if (NOBODY.has(kind)) this.contact.coordinatorMissed(this.clock.now());
      throw error;
    }
  }
}
