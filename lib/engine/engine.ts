import { DeadlineHeap } from './deadline-heap.js';
import { DeliveryState, type Delivery } from './delivery.js';
import type { EngineHost, EngineLimits, EngineListener } from './engine-host.js';
import { decide, type Verdict } from './failure-policy.js';
import type { Handler } from './handler.js';
import { HandlerLine } from './handler-line.js';
import { HandlerQueue } from './handler-queue.js';
import { PartitionQueue, type PartitionStart } from './partition-queue.js';

/** Handlers are started for at most this long before timers and sockets have their turn: heartbeats must not wait for a backlog. */
const TURN_MS = 25;
/** Only after so much of it the event loop is asked whether it has gone round: asking costs as much as several records. */
const UNASKED_MS = TURN_MS / 2;

export class EngineCounters {
  consumed = 0;
  processed = 0;
  failed = 0;
  retried = 0;
  skipped = 0;
  duplicatesDropped = 0;
  abandoned = 0;
}

/**
 * Runs the handlers of a group: lanes put what may run into the handlers' ready queues, the handlers stand in line for slots,
 * and the pump gives every free slot to the next in line.
 *
 * ```
 *   PartitionQueue --lanes--> HandlerQueue (ready) --line--> [slots] --> handler --> settled --> complete | decide
 * ```
 *
 * One direction; every step is O(1), the deadlines O(log n).
 */
export class Engine {
  readonly counters = new EngineCounters();
  readonly deadlines = new DeadlineHeap();
  listener: EngineListener | null = null;
  /** Handlers running that hold a slot. */
  inFlight = 0;
  retainedBytes = 0;

  private readonly line = new HandlerLine();
  /** Attempts that were given up after their grace and have not ended. */
  private readonly abandonedAttempts = new Map<Delivery, Set<number>>();
  private abandonedRunning = 0;
  private isPumping = false;
  private isYielding = false;
  /** The first start since the event loop is known to have gone round; null where there was none. */
  private turnBeganMs: number | null = null;
  /** Since when the event loop has been asked, and has not gone round; null while it is not asked. */
  private askedAtMs: number | null = null;
  private wake: (() => void) | null = null;
  private isStopped = false;

  constructor(
    readonly limits: EngineLimits,
    private readonly host: EngineHost,
  ) {
    void this.pumpOnRequest();
  }

  /** Handlers given up that still run, beside those that hold a slot. */
  get abandonedInFlight(): number {
    return this.abandonedRunning;
  }

  handlerQueue(handler: Handler): HandlerQueue {
    return new HandlerQueue(handler, this.line);
  }

  open(handler: HandlerQueue, start: PartitionStart): PartitionQueue {
    return new PartitionQueue(this, handler, start);
  }

  now(): number {
    return this.host.now();
  }
  roomAppeared(): void {
    this.host.roomAppeared();
  }
  releaseBytes(bytes: number): void {
    const wasFull = this.retainedBytes >= this.limits.bytes;
    this.retainedBytes -= bytes;
    if (wasFull && this.retainedBytes < this.limits.bytes) this.host.roomAppeared();
  }

  /** Ends the engine's own waiting. Nothing is started any more. */
  stop(): void {
    this.isStopped = true;
    this.wake?.();
  }

  /** Gives free slots to whoever is next in line. Called only from the fetch loop, from settled handlers and from timers. */
  pump(): void {
    if (this.isPumping || this.isYielding || this.isStopped) return;
    this.isPumping = true;
    try {
      this.fillSlots();
    } finally {
      this.isPumping = false;
    }
  }

  /**
   * Pumps soon, from a context of the engine's own. What user code calls (`ack`, `redeliverHeld`, `resume`) must not start
   * handlers itself: they would inherit the caller's async context.
   */
  requestPump(): void {
    this.wake?.();
  }

  /** What is due: timeouts, ends of grace, next attempts. */
  tick(): void {
    const now = this.host.now();
    for (let due = this.deadlines.takeDue(now); due !== null; due = this.deadlines.takeDue(now)) this.deadlinePassed(due, now);
    const { earliestMs } = this.deadlines;
    if (earliestMs !== null) this.host.wakeAt(earliestMs);
    this.pump();
  }

  /** `ctx.ack()` in the running attempt. */
  acknowledged(delivery: Delivery): void {
    if (delivery.queue.handler.options.ack !== 'manual' || delivery.timedOut !== null || delivery.rejection !== null) return;
    this.succeeded(delivery);
    this.requestPump();
  }

  /** `ctx.nack()` in the running attempt: it has failed, once the handler has ended. */
  rejected(delivery: Delivery, error: unknown): void {
    delivery.rejection ??= { error };
    if (!delivery.hasReturned) return;
    this.attemptFailed(delivery, error);
    this.requestPump();
  }

  /** Its partition is gone: abort, keep the slot for the grace, ignore the result. */
  orphan(delivery: Delivery, reason: unknown): void {
    delivery.abort(reason);
    this.schedule(delivery, this.host.now() + delivery.queue.handler.options.abortGraceMs);
  }

  private async pumpOnRequest(): Promise<void> {
    while (!this.isStopped) {
      await new Promise<void>((resolve) => (this.wake = resolve));
      this.pump();
    }
  }

  private fillSlots(): void {
    const { concurrency } = this.limits;
    let now = this.host.now();
    let started = 0;
    while (this.inFlight < concurrency && this.abandonedRunning < concurrency) {
      if ((started++ & 15) === 0) {
        if (started > 1) now = this.host.now();
        if (this.isTurnOver(now)) return;
      }
      const queue = this.nextInLine();
      if (queue === null) break;
      const delivery = queue.take();
      if (delivery !== null) {
        if (delivery.queue.mayStart(now)) this.start(delivery, queue, now);
        else delivery.queue.park(delivery);
      }
      queue.getInLine();
    }
  }

  /**
   * A turn ends when the event loop goes round. Handlers that end without ever waiting for it would otherwise follow each other
   * for as long as there is a backlog, since a promise that is resolved comes before every timer and socket.
   *
   * ```
   *   first start --(UNASKED_MS)--> ask the event loop --(the rest of TURN_MS)--> yield until it has gone round
   *        ^                               | it has gone round
   *        +-------------------------------+
   * ```
   */
  private isTurnOver(now: number): boolean {
    if (this.turnBeganMs === null) {
      this.turnBeganMs = now;
    } else if (this.askedAtMs !== null) {
      this.isYielding = now - this.askedAtMs > TURN_MS - UNASKED_MS;
    } else if (now - this.turnBeganMs > UNASKED_MS) {
      this.askedAtMs = now;
      this.host.later(() => this.endTurn());
    }
    return this.isYielding;
  }

  private endTurn(): void {
    this.turnBeganMs = null;
    this.askedAtMs = null;
    if (!this.isYielding) return;
    this.isYielding = false;
    this.pump();
  }

  private nextInLine(): HandlerQueue | null {
    for (let queue = this.line.shift(); queue !== null; queue = this.line.shift()) {
      queue.isInLine = false;
      if (queue.canStart) return queue;
    }
    return null;
  }

  private start(delivery: Delivery, queue: HandlerQueue, now: number): void {
    this.inFlight++;
    queue.inFlight++;
    delivery.queue.running++;
    delivery.begin(now);
    if (this.listener?.started) this.listener.started(delivery);
    const { attempt } = delivery;
    const { timeoutMs } = queue.options;
    if (timeoutMs !== null) this.schedule(delivery, now + timeoutMs);
    let result: unknown;
    let later: PromiseLike<unknown> | null;
    try {
      result = queue.handler.invoke(delivery);
      later = isThenable(result) ? result : this.endOf(result, delivery);
    } catch (error) {
      this.settledWithError(delivery, attempt, error);
      return;
    }
    if (later !== null) this.follow(later, delivery, attempt);
    else this.settled(delivery, attempt, result);
  }

  /** Of a result that ends later, without being a promise. Both questions run code of the application, which may throw. */
  private endOf(result: unknown, { queue }: Delivery): PromiseLike<unknown> | null {
    return typeof result === 'object' && result !== null ? (queue.handler.handler.deferred?.(result) ?? null) : null;
  }

  private follow(result: PromiseLike<unknown>, delivery: Delivery, attempt: number): void {
    const promise = result instanceof Promise ? result : Promise.resolve(result);
    promise.then(
      (value: unknown) => {
        this.resolved(delivery, attempt, value);
        this.pump();
      },
      (error: unknown) => {
        this.settledWithError(delivery, attempt, error);
        this.pump();
      },
    );
  }

  private resolved(delivery: Delivery, attempt: number, value: unknown): void {
    if (!delivery.isRunning(attempt)) return this.settled(delivery, attempt, value);
    let later: PromiseLike<unknown> | null;
    try {
      later = this.endOf(value, delivery);
    } catch (error) {
      return this.settledWithError(delivery, attempt, error);
    }
    if (later !== null) this.follow(later, delivery, attempt);
    else this.settled(delivery, attempt, value);
  }

  private settled(delivery: Delivery, attempt: number, value: unknown): void {
    if (!this.isCurrent(delivery, attempt)) return;
    const { handler, options } = delivery.queue.handler;
    if (delivery.timedOut !== null) this.attemptFailed(delivery, delivery.timedOut);
    else if (delivery.rejection !== null) this.attemptFailed(delivery, delivery.rejection.error);
    else if (value === false) this.attemptFailed(delivery, new Error(`${handler.name} returned false`));
    else if (options.ack === 'auto') this.succeeded(delivery);
    else delivery.hasReturned = true;
  }

  private settledWithError(delivery: Delivery, attempt: number, error: unknown): void {
    if (this.isCurrent(delivery, attempt)) this.attemptFailed(delivery, delivery.timedOut ?? error);
  }

  /** A late result changes nothing, except that an abandoned handler has ended. */
  private isCurrent(delivery: Delivery, attempt: number): boolean {
    if (delivery.isRunning(attempt)) return true;
    const attempts = this.abandonedAttempts.get(delivery);
    if (attempts?.delete(attempt)) {
      this.abandonedRunning--;
      if (attempts.size === 0) this.abandonedAttempts.delete(delivery);
    }
    return false;
  }

  private succeeded(delivery: Delivery): void {
    const partition = delivery.queue;
    this.endAttempt(delivery);
    if (partition.state === 'closed') {
      partition.drop(delivery);
    } else {
      this.counters.processed++;
      if (this.listener?.processed) this.listener.processed(delivery, this.host.now() - delivery.startedAtMs);
      partition.complete(delivery);
    }
    partition.handlerEnded();
  }

  private attemptFailed(delivery: Delivery, error: unknown): void {
    this.endAttempt(delivery);
    this.decideFailure(delivery, delivery.timedOut === null ? delivery.queue.handler.handler.classify(error) : { kind: 'failed', error });
    delivery.queue.handlerEnded();
  }

  private decideFailure(delivery: Delivery, verdict: Verdict): void {
    const partition = delivery.queue;
    const { error } = verdict;
    if (partition.state === 'closed') return partition.drop(delivery);
    this.counters.failed++;
    const decision = decide(verdict, delivery.attempt, partition.handler.options);
    this.listener?.failed?.(delivery, error, decision.kind !== 'retry');
    switch (decision.kind) {
      case 'retry':
        if (partition.state === 'draining') return partition.giveUp(delivery);
        this.counters.retried++;
        this.listener?.retried?.(delivery, error);
        delivery.state = DeliveryState.WAITING;
        return this.schedule(delivery, this.host.now() + decision.delayMs);
      case 'skip':
        this.counters.skipped++;
        this.listener?.skipped?.(delivery, error);
        return partition.complete(delivery);
      case 'hold':
      case 'stop':
        partition.hold(delivery);
        this.listener?.held?.(delivery, error);
        if (decision.kind === 'stop') this.host.stopRequested(delivery, error);
    }
  }

  /** The attempt is over: slot, handler share and deadline are free. */
  private endAttempt(delivery: Delivery): void {
    this.deadlines.remove(delivery);
    this.inFlight--;
    delivery.queue.running--;
    delivery.queue.handler.slotFreed();
  }

  private schedule(delivery: Delivery, dueAtMs: number): void {
    const { earliestMs } = this.deadlines;
    this.deadlines.add(delivery, dueAtMs);
    if (earliestMs === null || dueAtMs < earliestMs) this.host.wakeAt(dueAtMs);
  }

  private deadlinePassed(delivery: Delivery, now: number): void {
    if (delivery.state === DeliveryState.WAITING) return delivery.queue.retry(delivery);
    const { timeoutMs, abortGraceMs } = delivery.queue.handler.options;
    if (delivery.timedOut !== null || delivery.queue.state === 'closed') return this.abandon(delivery);
    delivery.timedOut = this.host.timeoutError(delivery, timeoutMs ?? 0);
    delivery.abort(delivery.timedOut);
    if (delivery.hasReturned) return this.attemptFailed(delivery, delivery.timedOut);
    this.schedule(delivery, now + abortGraceMs);
  }

  /** The handler did not end within its grace: it loses slot and lane, and the record goes its way without it. */
  private abandon(delivery: Delivery): void {
    const attempts = this.abandonedAttempts.get(delivery) ?? new Set<number>();
    this.abandonedAttempts.set(delivery, attempts.add(delivery.attempt));
    this.abandonedRunning++;
    this.counters.abandoned++;
    const error = delivery.timedOut ?? new Error('the partition was given up');
    this.listener?.abandoned?.(delivery, error);
    this.attemptFailed(delivery, error);
  }
}

/** Promises of other libraries and realms are no instances of ours. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
