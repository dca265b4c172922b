import {
  type CommitOutcome, type CommittedOffset, type JoinReply, type JoinRequest, type MemberIdentity, type OffsetCommit, type SyncReply,
  type SyncRequest, type TopicPartition, WireError,
} from '../consumer/wire.js';
import type { BrokerLink } from './broker-link.js';
import type { Brokers, Purpose } from './brokers.js';
import { ErrorCode, protocolError, toWireError } from './errors.js';
import * as group from './group-requests.js';
import type { Address } from './kafkajs-types.js';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 1_000;
/** What a join or a sync may take beyond the time for which the broker itself waits. */
const BEYOND_REBALANCE_MS = 5_000;
/** A stopping member does not wait long for a coordinator that it leaves. */
const LEAVE_DEADLINE_MS = 5_000;

/** Answers that mean: ask again, perhaps somebody else. */
const COORDINATOR_TROUBLE: ReadonlySet<string> = new Set(['NOT_COORDINATOR', 'COORDINATOR_NOT_AVAILABLE', 'COORDINATOR_LOAD_IN_PROGRESS']);

export interface CoordinatorTimes {
  /** One request, and one search for the coordinator. */
  readonly requestMs: number;
  /** A request with all its repetitions. */
  readonly deadlineMs: number;
}

/**
 * The coordinator of one group. It changes: whoever answers that it is not the coordinator, does not answer, or cannot be
 * reached, is forgotten and searched for again, until the deadline of the request.
 *
 * Three connections, because what waits in the broker (a join until the group has assembled, a commit until it is
 * replicated) must never hold up a heartbeat.
 */
export class CoordinatorLink {
  private address: Address | null = null;
  /** Where a join may be waiting; kept when the coordinator is forgotten. */
  private joinAddress: Address | null = null;
  private search: Promise<Address> | null = null;
  private rebalanceTimeoutMs = 0;

  constructor(
    private readonly brokers: Brokers,
    private readonly groupId: string,
    private readonly times: CoordinatorTimes,
    /** Monotonic milliseconds. */
    private readonly now: () => number,
  ) {}

  join(request: JoinRequest): Promise<JoinReply> {
    this.rebalanceTimeoutMs = request.rebalanceTimeoutMs;
    return this.run('join', this.times.deadlineMs, link => group.join(link, this.groupId, request, request.rebalanceTimeoutMs + BEYOND_REBALANCE_MS), 'unless sent');
  }
  sync(request: SyncRequest): Promise<SyncReply> {
    return this.run('join', this.times.deadlineMs, link => group.sync(link, this.groupId, request, this.rebalanceTimeoutMs + BEYOND_REBALANCE_MS), 'unless sent');
  }
  heartbeat(identity: MemberIdentity): Promise<'ok' | 'rebalancing'> {
    return this.run('heartbeat', this.times.deadlineMs, link => group.heartbeat(link, this.groupId, identity, this.times.requestMs));
  }
  commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]> {
    // Repeated here it could overtake a newer one: the committer repeats it, with what is complete by then.
    return this.run('offsets', this.times.deadlineMs, link => group.commit(link, this.groupId, identity, offsets, this.times.requestMs), 'unless sent');
  }
  committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    return this.run('offsets', this.times.deadlineMs, link => group.committed(link, this.groupId, partitions, this.times.requestMs));
  }
  leave(identity: MemberIdentity): Promise<void> {
    return this.run('heartbeat', Math.min(LEAVE_DEADLINE_MS, this.times.deadlineMs), link => group.leave(link, this.groupId, identity, this.times.requestMs));
  }

  private async run<T>(purpose: Purpose, deadlineMs: number, request: (link: BrokerLink) => Promise<T>, repeat: 'always' | 'unless sent' = 'always'): Promise<T> {
    const until = this.now() + deadlineMs;
    for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
      let address: Address | null = null;
      let link: BrokerLink | null = null;
      try {
        address = await this.find();
        if (purpose === 'join') this.joinAddress = address;
        link = await this.brokers.link(purpose, address, this.times.requestMs);
        return await request(link);
      } catch (error) {
        const failure = toWireError(error, `The coordinator of ${this.groupId}`);
        const isLost = failure.kind === 'unavailable' && link?.isOpen !== true;
        if (address !== null && (isLost || failure.code === 'NOT_COORDINATOR')) this.forget(address);
        // A join that was waiting is over: the member has to look at its state before it joins again.
        const canRepeat = COORDINATOR_TROUBLE.has(failure.code) || (isLost && (repeat === 'always' || link === null));
        if (!canRepeat || this.now() + pauseMs >= until) throw failure;
        await this.brokers.pause(pauseMs);
      }
    }
  }

  private forget(address: Address): void {
    if (this.address === address) this.address = null;
  }

  private async find(): Promise<Address> {
    if (this.address !== null) return this.address;
    this.search ??= this.ask().finally(() => (this.search = null));
    return this.search;
  }

  private async ask(): Promise<Address> {
    const what = `The search for the coordinator of ${this.groupId}`;
    const reply = await this.brokers.ask(what, this.times.requestMs, broker => broker.findGroupCoordinator({ groupId: this.groupId, coordinatorType: 0 }));
    if (reply.errorCode !== ErrorCode.NONE) throw protocolError(reply.errorCode, what);
    const { host, port } = reply.coordinator;
    this.leaveBehind({ host, port });
    this.address = { host, port };
    return this.address;
  }

  /** A join that waits at a broker which is not the coordinator any more would wait for ever. */
  private leaveBehind({ host, port }: Address): void {
    const old = this.joinAddress;
    if (old === null || (old.host === host && old.port === port)) return;
    this.brokers.drop('join', old, new WireError('moved', 'COORDINATOR_MOVED', `The coordinator of ${this.groupId} is now ${host}:${port}.`));
    this.joinAddress = null;
  }
}
