import type { RecordChunk } from '../engine/record-chunk.js';
import type { Clock } from './clock.js';
import type { FetchPosition } from './fetch-position.js';
import type { GroupOptions } from './options.js';
import type { FetchedPartition, FetchRequest, Wire } from './wire.js';

/**
 * An answer with at least so many records is received after the next request has gone out, so that the broker works while the
 * handlers start. With fewer there is nothing to gain, and building the request would come between record and handler.
 */
const SEND_AHEAD_RECORDS = 100;
/**
 * How long a request may wait in the broker while a partition is left out that may be wanted again any moment. Another
 * request cannot overtake it: a broker serves the requests of a connection one by one. A full partition (5,000 records by
 * default) would have to be worked off at 250,000 records per second to run dry within this.
 */
const LEFT_OUT_WAIT_MS = 20;
/** A request with thousands of positions is not repeated at that pace: so many positions add a millisecond. */
const POSITIONS_PER_WAIT_MS = 50;
/** A throttled broker answers at once, with nothing. Asked so many times in vain, it is given a pause. */
const HOLLOW_ANSWERS = 3;
const HOLLOW_MS = 5;
const HOLLOW_PAUSE_MS = 20;

export interface LeaderLoopDependencies {
  readonly wire: Pick<Wire, 'fetch'>;
  readonly options: Pick<GroupOptions, 'fetch' | 'isolation'>;
  readonly clock: Clock;
}

export interface LeaderLoopHost {
  /** Takes note of an answer about a position; true when its chunk is to be received. */
  judge(position: FetchPosition, result: FetchedPartition): boolean;
  /** The whole request failed, for the so-and-so-many-th time in a row. Answers how long to wait. */
  requestFailed(loop: LeaderLoop, error: unknown, failures: number): number;
}

interface Arrival {
  readonly position: FetchPosition;
  readonly chunk: RecordChunk;
}
interface Answer {
  readonly arrivals: readonly Arrival[];
  readonly records: number;
  readonly bytes: number;
}
const NOTHING: Answer = { arrivals: [], records: 0, bytes: 0 };

/**
 * Fetches from one broker, one request at a time.
 *
 * ```
 *   build --> send --> (broker) --> answer --> receive --> build ...
 *     ^                               |
 *     +--- ahead of receive, where ---+--- the answer is large and its partitions have room for one more
 * ```
 *
 * A partition that cannot take records (full, suspended, drained, backing off) is left out. When all are, the loop sleeps until
 * it is woken: there is no polling.
 */
export class LeaderLoop {
  private readonly positions: FetchPosition[] = [];
  private readonly byTopic = new Map<string, Map<number, FetchPosition>>();
  private requests = 0;
  /** Whose turn it is to be first: brokers fill an answer in the order of the request. */
  private first = 0;
  private failures = 0;
  private hollowAnswers = 0;
  /** When the earliest of those that back off is due. */
  private dueMs = Infinity;
  private resume: (() => void) | null = null;
  private isIdle = false;
  private isStopped = false;
  private turnedMs: number;

  constructor(
    readonly node: number,
    private readonly deps: LeaderLoopDependencies,
    private readonly host: LeaderLoopHost,
  ) {
    this.turnedMs = deps.clock.now();
  }

  get all(): readonly FetchPosition[] {
    return this.positions;
  }
  /** When it last had an answer, or a failure; now, while there is nothing to ask for. */
  get aliveAtMs(): number {
    return this.isIdle ? this.deps.clock.now() : this.turnedMs;
  }

  add(position: FetchPosition): void {
    const { topic, partition } = position.queue;
    let partitions = this.byTopic.get(topic);
    if (partitions === undefined) this.byTopic.set(topic, (partitions = new Map<number, FetchPosition>()));
    partitions.set(partition, position);
    this.positions.push(position);
    position.loop = this;
    position.request = 0;
    position.ahead = 0;
    this.wake();
  }

  remove(position: FetchPosition): void {
    if (position.loop !== this) return;
    const { topic, partition } = position.queue;
    const partitions = this.byTopic.get(topic);
    if (partitions?.get(partition) === position) partitions.delete(partition);
    this.positions.splice(this.positions.indexOf(position), 1);
    position.loop = null;
  }

  /** A position may be asked for that could not before. */
  wake(): void {
    if (this.isIdle) this.resume?.();
  }

  stop(): void {
    this.isStopped = true;
    this.resume?.();
  }

  /** Runs until it is stopped. Rejects only by a defect. */
  async run(): Promise<void> {
    // What is added together is asked for together.
    await Promise.resolve();
    let answer = NOTHING;
    while (!this.isStopped) {
      const isAhead = this.maySendAhead(answer);
      if (!isAhead) this.receive(answer);
      const request = this.build(isAhead ? answer.arrivals : NOTHING.arrivals);
      const reply = request === null ? null : this.send(request, this.requests);
      if (isAhead) {
        // The client library writes to its socket a few promise reactions later; receiving may take 25 ms.
        if (reply !== null) await new Promise<void>((resolve) => this.deps.clock.nextTurn(resolve));
        this.receive(answer);
      }
      if (reply !== null) answer = await reply;
      else {
        if (!isAhead) await this.idle();
        answer = NOTHING;
      }
    }
  }

  /** Only where no partition must be left out because of what it is about to receive: it would miss a whole request. */
  private maySendAhead({ arrivals, records, bytes }: Answer): boolean {
    if (records < SEND_AHEAD_RECORDS) return false;
    return arrivals.every(({ position, chunk }) => position.queue.hasRoomAfter(chunk.count, bytes));
  }

  private build(upcoming: readonly Arrival[]): FetchRequest | null {
    const { fetch, isolation } = this.deps.options;
    const now = this.deps.clock.now();
    for (const { position, chunk } of upcoming) position.ahead = chunk.to;
    this.requests++;
    this.dueMs = Infinity;
    let isLeftOut = false;
    const positions: FetchRequest['positions'][number][] = [];
    const count = this.positions.length;
    for (let index = 0; index < count; index++) {
      const position = this.positions[(this.first + index) % count];
      const { queue } = position;
      if (position.notBeforeMs > now) this.dueMs = Math.min(this.dueMs, position.notBeforeMs);
      else if (queue.isFetchable) {
        position.request = this.requests;
        positions.push({ topic: queue.topic, partition: queue.partition, offset: position.offset });
      } else if (queue.starved && queue.state === 'active' && queue.suspendedBy === null) isLeftOut = true;
    }
    if (positions.length === 0) return null;
    this.first = (this.first + 1) % count;
    return { ...fetch, leader: this.node, isolation, maxWaitMs: this.maxWaitMs(isLeftOut, positions.length, now), positions };
  }

  private maxWaitMs(isLeftOut: boolean, positions: number, now: number): number {
    const { maxWaitMs } = this.deps.options.fetch;
    const leftOutMs = isLeftOut ? Math.max(LEFT_OUT_WAIT_MS, positions / POSITIONS_PER_WAIT_MS) : Infinity;
    return Math.ceil(Math.min(maxWaitMs, leftOutMs, Math.max(LEFT_OUT_WAIT_MS, this.dueMs - now)));
  }

  /** Never rejects: a failed request is reported, waited for, and answered with nothing. */
  private async send(request: FetchRequest, id: number): Promise<Answer> {
    const { wire, clock } = this.deps;
    const sentMs = clock.now();
    let fetched: readonly FetchedPartition[];
    try {
      fetched = await wire.fetch(request);
    } catch (error) {
      this.turnedMs = clock.now();
      if (!this.isStopped) await this.sleep(this.host.requestFailed(this, error, this.failures++));
      return NOTHING;
    }
    this.failures = 0;
    this.turnedMs = clock.now();
    if (this.isStopped) return NOTHING;
    const answer = this.read(fetched, id);
    this.hollowAnswers = answer.arrivals.length === 0 && this.turnedMs - sentMs < HOLLOW_MS ? this.hollowAnswers + 1 : 0;
    if (this.hollowAnswers >= HOLLOW_ANSWERS) await this.sleep(HOLLOW_PAUSE_MS);
    return answer;
  }

  private read(fetched: readonly FetchedPartition[], id: number): Answer {
    const arrivals: Arrival[] = [];
    let records = 0;
    let bytes = 0;
    for (const result of fetched) {
      const position = this.byTopic.get(result.topic)?.get(result.partition);
      if (position === undefined || position.request !== id) continue;
      if (!this.host.judge(position, result) || result.chunk === null) continue;
      arrivals.push({ position, chunk: result.chunk });
      records += result.chunk.count;
      bytes += result.chunk.bytes;
    }
    return { arrivals, records, bytes };
  }

  private receive({ arrivals }: Answer): void {
    const now = this.deps.clock.now();
    for (const { position, chunk } of arrivals) {
      position.ahead = 0;
      if (position.loop === this && !this.isStopped) position.queue.receive(chunk, now);
    }
  }

  private async idle(): Promise<void> {
    this.isIdle = true;
    await this.sleep(this.dueMs - this.deps.clock.now());
    this.isIdle = false;
    this.turnedMs = this.deps.clock.now();
  }

  private sleep(durationMs: number): Promise<void> {
    return new Promise((resolve) => {
      const resume = (): void => {
        this.resume = null;
        cancel();
        resolve();
      };
      const cancel = durationMs === Infinity ? () => {} : this.deps.clock.later(durationMs, resume);
      this.resume = resume;
    });
  }
}
