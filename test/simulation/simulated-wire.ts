import {
  type CommitOutcome,
  type CommittedOffset,
  type FetchedPartition,
  type FetchRequest,
  type JoinReply,
  type JoinRequest,
  type MemberIdentity,
  type OffsetCommit,
  type OffsetQuery,
  type PartitionOffset,
  type SyncReply,
  type SyncRequest,
  type TopicMetadata,
  type TopicPartition,
  type Wire,
  WireError,
} from '../../lib/consumer/wire.js';
import type { SimulatedKafka } from './kafka.js';
import type { Judge } from './judge.js';
import { type Answer, Connection, type Network, wireError } from './network.js';
import type { SimulatedProcess } from './process.js';

const COORDINATOR_TROUBLE: ReadonlySet<string> = new Set(['NOT_COORDINATOR', 'COORDINATOR_LOAD_IN_PROGRESS']);
const BEYOND_REBALANCE_MS = 5000;
const FETCH_TIMEOUT_MS = 4000;

/**
 * What one member sees of the simulated Kafka. Connections, timeouts and repetitions are those of the real wire: three
 * connections to the coordinator, a request to it may take a fifth of the session and is repeated for half of it.
 */
export class SimulatedWire implements Wire {
  /** As the member knows it. */
  memberId = '';
  private readonly connections = { join: new Connection(), heartbeat: new Connection(), offsets: new Connection(), fetch: new Connection(), topics: new Connection() };
  private readonly open = new Set<(code: string) => void>();
  private readonly requestMs: number;
  private readonly deadlineMs: number;
  private isClosed = false;

  constructor(
    readonly process: SimulatedProcess,
    private readonly kafka: SimulatedKafka,
    private readonly network: Network,
    private readonly judge: Judge,
    sessionTimeoutMs: number,
  ) {
    this.requestMs = Math.max(1000, sessionTimeoutMs / 5);
    this.deadlineMs = Math.max(2 * this.requestMs, sessionTimeoutMs / 2);
  }

  connect(): Promise<void> {
    return this.ask('topics', this.requestMs, (answer) => answer(undefined));
  }
  async close(): Promise<void> {
    this.isClosed = true;
    for (const abandon of [...this.open]) abandon('CONNECTION_LOST');
  }

  topics(): Promise<readonly string[]> {
    return this.ask('topics', this.requestMs, (answer) => answer(this.kafka.topics));
  }
  metadata(topics: readonly string[]): Promise<ReadonlyMap<string, TopicMetadata>> {
    return this.ask('topics', this.requestMs, (answer) => answer(this.kafka.metadata(topics)));
  }
  offsets(queries: readonly OffsetQuery[]): Promise<readonly PartitionOffset[]> {
    return this.ask('topics', this.requestMs, (answer) => this.kafka.lookUp(queries, answer));
  }
  fetch(request: FetchRequest): Promise<readonly FetchedPartition[]> {
    this.judge.fetchSent(this.process, request);
    return this.ask('fetch', request.maxWaitMs + FETCH_TIMEOUT_MS, (answer) => this.kafka.fetch(request, answer));
  }

  async join(request: JoinRequest): Promise<JoinReply> {
    const limitMs = request.rebalanceTimeoutMs + BEYOND_REBALANCE_MS;
    const reply = await this.repeated('join', async () => {
      const first = await this.ask<JoinReply | { memberIdRequired: string }>('join', limitMs, (answer) => this.kafka.coordinator.join(request.memberId, request, answer));
      if (!('memberIdRequired' in first)) return first;
      request.identified?.(first.memberIdRequired);
      return this.ask<JoinReply>('join', limitMs, (answer) => this.kafka.coordinator.join(first.memberIdRequired, request, answer as Answer<JoinReply | { memberIdRequired: string }>));
    });
    this.memberId = reply.memberId;
    return reply;
  }
  async sync(request: SyncRequest): Promise<SyncReply> {
    const reply = await this.repeated('join', () => this.ask<SyncReply>('join', 60_000, (answer) => this.kafka.coordinator.sync(request, answer)));
    this.judge.synced(this, request.generation, reply);
    return reply;
  }
  heartbeat(identity: MemberIdentity): Promise<'ok' | 'rebalancing'> {
    return this.repeated('heartbeat', () => this.ask<'ok' | 'rebalancing'>('heartbeat', this.requestMs, (answer) => this.kafka.coordinator.heartbeat(identity, answer)));
  }
  async commit(identity: MemberIdentity, offsets: readonly OffsetCommit[]): Promise<readonly CommitOutcome[]> {
    const number = this.judge.commitSent(this.process, offsets);
    try {
      const outcomes = await this.repeated('commit', () => this.ask<readonly CommitOutcome[]>('offsets', this.requestMs, (answer) => this.kafka.commit(identity, offsets, number, answer)));
      const kinds = outcomes.flatMap(({ error }) => error?.kind ?? []);
      if (kinds.length > 0) this.judge.commitFailed(this.process, kinds);
      return outcomes;
    } catch (error) {
      this.judge.commitFailed(this.process, error instanceof WireError ? [error.kind] : []);
      throw error;
    }
  }
  async committed(partitions: readonly TopicPartition[]): Promise<readonly CommittedOffset[]> {
    const found = await this.repeated('offsets', () => this.ask<readonly CommittedOffset[]>('offsets', this.requestMs, (answer) => this.kafka.committed(partitions, answer)));
    this.judge.committedRead(this.process, found);
    return found;
  }
  leave({ memberId }: MemberIdentity): Promise<void> {
    return this.repeated('heartbeat', () => this.ask<void>('heartbeat', this.requestMs, (answer) => this.kafka.coordinator.leave(memberId, answer)));
  }

  private async ask<T>(name: keyof SimulatedWire['connections'], timeoutMs: number, serve: (answer: Answer<T>) => void): Promise<T> {
    if (this.isClosed) throw wireError('CONNECTION_LOST');
    const { reply, abandon } = this.network.call(this.process, this.connections[name], timeoutMs, serve);
    this.open.add(abandon);
    try {
      return await reply;
    } finally {
      this.open.delete(abandon);
    }
  }

  private async repeated<T>(purpose: 'join' | 'heartbeat' | 'offsets' | 'commit', attempt: () => Promise<T>): Promise<T> {
    const { clock } = this.process;
    const untilMs = clock.now() + this.deadlineMs;
    for (let pauseMs = 100; ; pauseMs = Math.min(2 * pauseMs, 1000)) {
      try {
        return await attempt();
      } catch (error) {
        const code = error instanceof WireError ? error.code : '';
        if (purpose === 'join') this.judge.coordinatorFailed(this.process);
        // A join that was waiting is over: the member looks at its state before it joins again. A commit gets newer offsets.
        const canRepeat = COORDINATOR_TROUBLE.has(code) || (code === 'CONNECTION_LOST' && purpose !== 'join' && purpose !== 'commit');
        if (!canRepeat || this.isClosed || clock.now() + pauseMs >= untilMs) throw error;
        await new Promise<void>((resolve) => void clock.later(pauseMs, resolve));
      }
    }
  }
}
