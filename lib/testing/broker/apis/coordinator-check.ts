import { ErrorCode } from '../protocol/error-codes.js';
import type { RequestContext } from './api.js';

/** Whether the broker that was asked is the group's coordinator. A group without a name has none, and is refused for that. */
export function answersForGroup({ cluster, node }: RequestContext, groupId: string): boolean {
  return groupId === '' || cluster.coordinates(node, 'group', groupId);
}
export function answersForTransaction({ cluster, node }: RequestContext, transactionalId: string): boolean {
  return transactionalId === '' || cluster.coordinates(node, 'transaction', transactionalId);
}

/** Clients below the version that brought PRODUCER_FENCED know another word for it. */
export function fencedAs(errorCode: number, knowsFenced: boolean): number {
  return errorCode === ErrorCode.PRODUCER_FENCED && !knowsFenced ? ErrorCode.INVALID_PRODUCER_EPOCH : errorCode;
}
