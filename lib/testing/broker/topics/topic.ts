import { randomBytes } from 'node:crypto';
import type { Node } from '../nodes.js';
import { Partition } from './partition.js';
import type { TopicConfig } from './topic-config.js';

export class Topic {
  readonly id = randomBytes(16).toString('base64url');
  readonly partitions: Partition[] = [];
  /** False from the moment on at which it was deleted. */
  exists = true;

  constructor(
    readonly name: string,
    public config: TopicConfig,
  ) {}

  /** One more for each list of replicas. */
  grow(replicas: readonly (readonly Node[])[]): void {
    for (const nodes of replicas) this.partitions.push(new Partition(this, this.partitions.length, nodes));
  }

  deleted(): void {
    this.exists = false;
    for (const partition of this.partitions) partition.changed();
  }
}
