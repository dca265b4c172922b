import type { Clock } from '../../lib/consumer/clock.js';
import type {
  CommitOutcome, FetchedPartition, FetchRequest, JoinReply, JoinRequest, MemberIdentity, OffsetCommit, SyncReply, SyncRequest, TopicMetadata, WireErrorKind,
} from '../../lib/consumer/wire.js';
import { type DecodedClaims, decodeClaims, encodeMark } from '../../lib/assignors/user-data.js';
import { FakeFetchWire, fetched, records, settle, wireError } from './fake-fetch-wire.js';

const REQUEST_TIMEOUT_MS = 8000;

/** A request that waits in the broker until the test answers it. */
export class Waiting<Request, Reply> {
  isAnswered = false;
  constructor(
    readonly request: Request,
    private readonly resolve: (reply: Reply) => void,
    private readonly reject: (error: Error) => void,
  ) {}
  async answer(reply: Reply): Promise<void> {
    this.isAnswered = true;
    this.resolve(reply);
    await settle();
  }
  async fail(kind: WireErrorKind): Promise<void> {
    this.isAnswered = true;
    this.reject(wireError(kind));
    await settle();
  }
}

/** A broker as a group member sees it, whose coordinator is the test. Records are there as soon as they are appended. */
export class FakeGroupWire extends FakeFetchWire {
  readonly joins: Waiting<JoinRequest, JoinReply>[] = [];
  readonly syncs: Waiting<SyncRequest, SyncReply>[] = [];
  readonly left: string[] = [];
  heartbeats = 0;
  /** What a heartbeat is answered; null: nothing. */
  pulse: 'ok' | 'rebalancing' | WireErrorKind | null = 'ok';
  /** Nobody is there: requests are refused at once, or wait in vain. */
  outage: 'refused' | 'frozen' | null = null;
  /** While set, fetches are never answered. */
  swallowsFetches = false;
  private parked: { readonly request: FetchRequest; readonly resolve: (fetched: readonly FetchedPartition[]) => void }[] = [];

  constructor(private readonly clock: Clock) {
    super();
  }

  override join(request: JoinRequest): Promise<JoinReply> {
    return new Promise((resolve, reject) => this.joins.push(new Waiting(request, resolve, reject)));
  }
  override sync(request: SyncRequest): Promise<SyncReply> {
    return new Promise((resolve, reject) => this.syncs.push(new Waiting(request, resolve, reject)));
  }
  override heartbeat(): Promise<'ok' | 'rebalancing'> {
    this.heartbeats++;
    if (this.outage !== null) return this.unanswered();
    if (this.pulse === null) return new Promise(() => {});
    return this.pulse === 'ok' || this.pulse === 'rebalancing' ? Promise.resolve(this.pulse) : Promise.reject(wireError(this.pulse));
  }
  override leave({ memberId }: MemberIdentity): Promise<void> {
    this.left.push(memberId);
    return Promise.resolve();
  }
  override async commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]> {
    return this.outage === null ? super.commit(identity, offsets) : this.unanswered();
  }
  override async metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    return this.outage === null ? super.metadata(topics) : this.unanswered();
  }
  override fetch(request: FetchRequest): Promise<readonly FetchedPartition[]> {
    if (this.outage !== null) return this.unanswered();
    if (this.swallowsFetches) return new Promise(() => {});
    const found = this.available(request);
    if (found.length > 0) return Promise.resolve(found);
    return new Promise((resolve) => {
      this.parked.push({ request, resolve });
      this.clock.later(request.maxWaitMs, () => resolve(request.positions.map(({ topic, partition }) => fetched(topic, partition, {}))));
    });
  }

  async append(topic: string, partition: number, count: number): Promise<void> {
    const end = this.partitions.get(topic)?.get(partition)?.end ?? 0;
    this.set(topic, partition, { end: end + count });
    const parked = this.parked;
    this.parked = [];
    for (const { request, resolve } of parked) {
      const found = this.available(request);
      if (found.length > 0) resolve(found);
      else this.parked.push({ request, resolve });
    }
    await settle();
  }

  /** The join that waits. */
  get joining(): Waiting<JoinRequest, JoinReply> {
    const waiting = this.joins.filter(({ isAnswered }) => !isAnswered);
    if (waiting.length !== 1) throw new Error(`${waiting.length} joins wait`);
    return waiting[0];
  }
  get isJoining(): boolean {
    return this.joins.some(({ isAnswered }) => !isAnswered);
  }
  get claims(): DecodedClaims {
    return decodeClaims(this.joining.request.protocols[0].userData);
  }

  /** The group has assembled: the member is a follower in this generation. */
  async assemble(generation: number, memberId = 'me'): Promise<void> {
    await this.joining.answer({ memberId, generation, leaderId: 'leader', protocol: 'kafka-many-threads', members: [] });
  }
  /** `honoured: false` is what a leader of another client says, by saying nothing. */
  async assign(partitions: Readonly<Record<string, readonly number[]>>, { honoured = true, lost = {} }: { honoured?: boolean; lost?: Readonly<Record<string, readonly number[]>> } = {}): Promise<void> {
    const sync = this.syncs.find(({ isAnswered }) => !isAnswered);
    if (sync === undefined) throw new Error('no sync waits');
    const userData = honoured ? encodeMark({ honoured, lost: new Map(Object.entries(lost)) }) : Buffer.alloc(0);
    await sync.answer({ partitions: new Map(Object.entries(partitions)), userData });
  }

  private unanswered(): Promise<never> {
    if (this.outage === 'refused') return Promise.reject(wireError('unavailable'));
    return new Promise((_, reject) => void this.clock.later(REQUEST_TIMEOUT_MS, () => reject(wireError('unavailable'))));
  }

  private available({ positions }: FetchRequest): FetchedPartition[] {
    return positions.flatMap(({ topic, partition, offset }) => {
      const end = this.partitions.get(topic)?.get(partition)?.end ?? 0;
      return end > offset ? [records(topic, partition, offset, end)] : [];
    });
  }
}
