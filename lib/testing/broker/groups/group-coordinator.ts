import type { Cluster } from '../cluster.js';

/** What the rest of the broker asks of consumer groups. */
export class GroupCoordinator {
  constructor(readonly cluster: Cluster) {}

  /** Committed offsets of a deleted topic go with it. */
  topicDeleted(_topic: string): void {}

  /** Another virtual broker coordinates the group now: whatever is parked is answered NOT_COORDINATOR, members and offsets stay. */
  coordinatorMoved(_groupId: string): void {}

  committed(_groupId: string, _topic: string): { partition: number; offset: number; metadata: string }[] {
    return [];
  }
}
