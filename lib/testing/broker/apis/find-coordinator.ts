import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, between, int16, int32, int8, nullableString, since, string, struct, throttleTime, until } from '../protocol/types.js';
import { defineApi } from './api.js';
import type { Node } from '../nodes.js';

const KINDS = ['group', 'transaction'] as const;

/** FindCoordinator, 0 to 6, for groups and transactions. Left out: share groups (INVALID_REQUEST). */
export const findCoordinator = defineApi({
  key: 10,
  name: 'FindCoordinator',
  versions: [0, 6],
  flexibleFrom: 3,
  request: struct({
    key: until(3, string, ''),
    keyType: since(1, int8, 0),
    coordinatorKeys: since(4, arrayOf(string), []),
  }),
  response: struct({
    throttleTimeMs: throttleTime(1),
    errorCode: until(3, int16, 0),
    errorMessage: between(1, 3, nullableString, null),
    nodeId: until(3, int32, -1),
    host: until(3, string, ''),
    port: until(3, int32, -1),
    coordinators: since(4, array({ key: string, nodeId: int32, host: string, port: int32, errorCode: int16, errorMessage: nullableString }), []),
  }),
  handle(request, { cluster, version }) {
    const kind = KINDS[request.keyType];
    const keys = version < 4 ? [request.key] : request.coordinatorKeys;
    return answer(
      keys.map(key => {
        if (kind === undefined) return noCoordinator(key, ErrorCode.INVALID_REQUEST);
        const node = cluster.coordinatorOf(kind, key);
        return node === null ? noCoordinator(key, ErrorCode.COORDINATOR_NOT_AVAILABLE) : coordinator(key, node);
      }),
    );
  },
  refuse: (request, error) => answer([request.key, ...request.coordinatorKeys].map(key => noCoordinator(key, error))),
});

interface Coordinator {
  readonly key: string;
  readonly nodeId: number;
  readonly host: string;
  readonly port: number;
  readonly errorCode: number;
  readonly errorMessage: string | null;
}

function coordinator(key: string, { id, host, port }: Node): Coordinator {
  return { key, nodeId: id, host, port, errorCode: ErrorCode.NONE, errorMessage: null };
}

function noCoordinator(key: string, errorCode: number): Coordinator {
  return { key, nodeId: -1, host: '', port: -1, errorCode, errorMessage: null };
}

/** One layout up to version 3, and a list from 4 on: each writes what it has. */
function answer(coordinators: readonly Coordinator[]) {
  const first = coordinators[0] ?? noCoordinator('', ErrorCode.INVALID_REQUEST);
  return { ...first, coordinators };
}
