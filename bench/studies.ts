import { flatness } from './flatness.js';
import { manyPartitions } from './many-partitions.js';
import { producing } from './producing.js';
import { restart } from './restart.js';

/** Part of the benchmark that is no contest of consumers: what scale costs us, and what producing costs. */
export interface Study {
  readonly name: string;
  readonly workload: 'w6' | 'producer';
  readonly what: string;
  /** Markdown. */
  readonly run: () => Promise<string>;
}

export const studies: readonly Study[] = [
  { name: 'W6, restart', workload: 'w6', what: 'SIGKILL with one record stuck and 1,000,000 complete above it; the position is reached when nothing is left to repeat, counted from the new assignment', run: restart },
  { name: 'W6, many partitions', workload: 'w6', what: 'one process, one broker; busy: 2,000 records a second for random partitions; the cost of a record is what busy costs above idle', run: manyPartitions },
  { name: 'W6, flatness', workload: 'w6', what: 'the engine without a broker: 100 in flight, no holes, 10,000 keys, 10 partitions, and one of these growing', run: flatness },
  { name: 'Producing', workload: 'producer', what: 'acks of all replicas, records of 150 bytes JSON, 2 partitions; both producers in one process, in turn within each round', run: producing },
];
