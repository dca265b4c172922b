import type { Delivery } from '../../lib/engine/delivery.js';
import type { SimulatedProcess } from './process.js';
import type { SimulatedWire } from './simulated-wire.js';

/** One attempt at a record that has not ended. */
export interface Run {
  readonly process: SimulatedProcess;
  readonly delivery: Delivery;
  readonly attempt: number;
  /** The member that had the partition. */
  readonly member: SimulatedWire | null;
  /** Given up after its grace: it holds neither slot nor place. */
  isAbandoned: boolean;
  /** The coordinator has put its member out of the group meanwhile. */
  isOrphaned: boolean;
  /** How it has ended; null while it runs. */
  outcome: 'succeeded' | 'failed' | null;
}

export function nameOf({ topic, partition, offset }: { topic: string; partition: number; offset: number }): string {
  return `${topic}/${partition}@${offset}`;
}
