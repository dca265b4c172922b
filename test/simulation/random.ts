import { seeded } from '../support/random.js';

/** All chance in a simulation. A fork is a stream of its own, so that what one part of the world draws moves no other part. */
export class Random {
  private readonly next: () => number;

  constructor(seed: number) {
    this.next = seeded(seed);
  }

  fork(): Random {
    return new Random(Math.floor(this.next() * 2 ** 32));
  }
  /** In [0, 1). */
  share(): number {
    return this.next();
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
  /** In [from, to). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from);
  }
  /** Whole, both ends included. */
  int(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1));
  }
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)];
  }
}
