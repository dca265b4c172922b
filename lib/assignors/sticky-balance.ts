import { NOBODY, type Plan, type Seats } from './seats.js';

/** Topics with the same subscribers: their partitions can stand in for each other. */
interface Kind {
  readonly subscribers: readonly number[];
}
/** A partition of this kind can go from one member to the other. */
interface Handover {
  readonly giver: number;
  readonly receiver: number;
  readonly kind: Kind;
}

/**
 * The loads of the members while a sticky assignment is made, and their levelling.
 *
 * ```
 *   A |||||      A can give to B what both read, B to C what those two read:
 *   B ||||       the handovers A -> B -> C take one from A, bring one to C and leave B as it was.
 *   C ||
 * ```
 */
export class StickyBalance {
  private readonly loads: Int32Array;
  private readonly kinds: readonly Kind[];
  private readonly kindOfSeat: Int32Array;
  /** Per member and kind the seats it has, those to be given first at the end. No empty lists. */
  private readonly held: readonly Map<Kind, number[]>[];

  constructor(
    seats: Seats,
    private readonly plan: Plan,
  ) {
    this.loads = new Int32Array(seats.members.length);
    this.held = seats.members.map(() => new Map());
    this.kindOfSeat = new Int32Array(seats.count);
    const kinds: Kind[] = [];
    const known = new Map<string, number>();
    for (const { first, count, subscribers } of seats.topics) {
      const name = subscribers.join();
      const kind = known.get(name) ?? kinds.push({ subscribers }) - 1;
      known.set(name, kind);
      this.kindOfSeat.fill(kind, first, first + count);
    }
    this.kinds = kinds;
  }

  give(seat: number, member: number): void {
    const kind = this.kinds[this.kindOfSeat[seat]];
    const seats = this.held[member].get(kind);
    if (seats === undefined) this.held[member].set(kind, [seat]);
    else seats.push(seat);
    this.plan[seat] = member;
    this.loads[member]++;
  }

  /** The first of those with the least; `members` must not be empty. */
  leastLoaded(members: readonly number[]): number {
    return members.reduce((least, member) => (this.loads[member] < this.loads[least] ? member : least));
  }

  /**
   * Moves partitions, as few as it can see, until no member can hand down to one that has two less.
   *
   * It begins with the fullest, and is done with a member as soon as that one cannot hand down any more: whoever it reaches has
   * at most one less. A later handover starts at a member that is no fuller and ends at one with two less still, so it ends,
   * and therefore runs, outside of what the first one reaches, and changes nothing there.
   */
  level(): void {
    const open = new Set(this.loads.keys());
    while (open.size > 0) {
      const fullest = [...open].reduce((most, member) => (this.loads[member] > this.loads[most] ? member : most));
      const handovers = this.wayDown(fullest);
      if (handovers.length === 0) open.delete(fullest);
      else for (const handover of handovers) this.handOver(handover);
    }
  }

  /** The shortest way from a member to one that has at least two less, and of several such the emptiest; none: empty. */
  private wayDown(from: number): readonly Handover[] {
    const reachedBy = new Map<number, Handover | null>([[from, null]]);
    const seen = new Set<Kind>();
    let frontier = [from];
    while (frontier.length > 0) {
      const reached = frontier.flatMap((giver) => this.reachFrom(giver, reachedBy, seen));
      const lower = reached.filter((member) => this.loads[member] <= this.loads[from] - 2);
      if (lower.length > 0) return this.wayTo(this.leastLoaded(lower), reachedBy);
      frontier = reached;
    }
    return [];
  }

  /** Members that `giver` can give to and that were not reached before. */
  private reachFrom(giver: number, reachedBy: Map<number, Handover | null>, seen: Set<Kind>): number[] {
    const reached: number[] = [];
    for (const kind of this.held[giver].keys()) {
      if (reachedBy.size === this.loads.length) break;
      if (seen.has(kind)) continue;
      seen.add(kind);
      for (const receiver of kind.subscribers) {
        if (reachedBy.has(receiver)) continue;
        reachedBy.set(receiver, { giver, receiver, kind });
        reached.push(receiver);
      }
    }
    return reached;
  }

  private wayTo(member: number, reachedBy: ReadonlyMap<number, Handover | null>): readonly Handover[] {
    const way: Handover[] = [];
    for (let step = reachedBy.get(member); step !== undefined && step !== null; step = reachedBy.get(step.giver)) way.push(step);
    return way;
  }

  private handOver({ giver, receiver, kind }: Handover): void {
    const seats = this.held[giver].get(kind) ?? [];
    const seat = seats.pop() ?? NOBODY;
    if (seats.length === 0) this.held[giver].delete(kind);
    this.loads[giver]--;
    this.give(seat, receiver);
  }
}
