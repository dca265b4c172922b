import type { RequestContext } from './api.js';

/** Whether the broker that was asked is the group's coordinator. A group without a name has none, and is refused for that. */
export function answersForGroup({ cluster, node }: RequestContext, groupId: string): boolean {
  return groupId === '' || cluster.coordinates(node, 'group', groupId);
}
export function answersForTransaction({ cluster, node }: RequestContext, transactionalId: string): boolean {
  return transactionalId === '' || cluster.coordinates(node, 'transaction', transactionalId);
}
