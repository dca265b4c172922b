/** A frozen owner's events are held back until it thaws, a dead one's vanish. */
export interface EventOwner {
  readonly state: 'running' | 'frozen' | 'dead';
  readonly heldBack: ScheduledEvent[];
}

export interface ScheduledEvent {
  dueMs: number;
  order: number;
  readonly kind: 'timer' | 'message';
  readonly owner: EventOwner | null;
  /** Null once it is cancelled. */
  work: (() => void) | null;
}

/** Simulated time: a heap of events. What is due at the same moment happens in the order in which it was asked for. */
export class Scheduler {
  nowMs = 0;
  steps = 0;
  private readonly heap: ScheduledEvent[] = [];
  private orders = 0;

  /** Answers a function that cancels. */
  after(delayMs: number, work: () => void, owner: EventOwner | null = null, kind: ScheduledEvent['kind'] = 'timer'): () => void {
    const event: ScheduledEvent = { dueMs: this.nowMs + delayMs, order: this.orders++, kind, owner, work };
    this.push(event);
    return () => (event.work = null);
  }

  /** What was held back happens now. On waking, expired timers may come before what lies in the sockets, or after. */
  thaw(owner: EventOwner, timersFirst: boolean): void {
    const held = owner.heldBack.splice(0);
    const rank = ({ kind }: ScheduledEvent): number => (timersFirst === (kind === 'timer') ? 0 : 1);
    for (const event of held.sort((a, b) => rank(a) - rank(b) || a.dueMs - b.dueMs || a.order - b.order)) {
      this.push({ ...event, dueMs: this.nowMs, order: this.orders++, work: () => event.work?.() });
    }
  }

  /**
   * Steps until `isOver`, each followed by all promise reactions that it causes. There is no turn of the event loop between
   * two steps: the next one waits in Node's tick queue, which has its turn when no promise reaction is left.
   */
  run(isOver: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          if (isOver() || !this.step()) return resolve();
        } catch (error) {
          return reject(error);
        }
        queueMicrotask(next);
      };
      const next = (): void => process.nextTick(turn);
      next();
    });
  }

  private step(): boolean {
    for (let event = this.pop(); event !== null; event = this.pop()) {
      if (event.work === null || event.owner?.state === 'dead') continue;
      if (event.owner?.state === 'frozen') {
        event.owner.heldBack.push(event);
        continue;
      }
      this.nowMs = Math.max(this.nowMs, event.dueMs);
      this.steps++;
      event.work();
      return true;
    }
    return false;
  }

  private push(event: ScheduledEvent): void {
    const { heap } = this;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!isBefore(event, heap[parent])) break;
      heap[index] = heap[parent];
      index = parent;
    }
    heap[index] = event;
  }

  private pop(): ScheduledEvent | null {
    const { heap } = this;
    const last = heap.pop();
    if (last === undefined) return null;
    if (heap.length === 0) return last;
    const first = heap[0];
    let index = 0;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1], heap[child])) child++;
      if (!isBefore(heap[child], last)) break;
      heap[index] = heap[child];
      index = child;
    }
    heap[index] = last;
    return first;
  }
}

function isBefore(one: ScheduledEvent, other: ScheduledEvent): boolean {
  return one.dueMs < other.dueMs || (one.dueMs === other.dueMs && one.order < other.order);
}
