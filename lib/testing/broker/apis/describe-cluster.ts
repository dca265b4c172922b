import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, bool, defaulted, int16, int32, int8, nullableString, since, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { NO_OPERATIONS } from './metadata.js';

const BROKERS = 1;

/** DescribeCluster, 0 to 2. Left out: authorized operations; controllers as endpoints (there are none). */
export const describeCluster = defineApi({
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleFrom: 0,
  request: struct({
    includeClusterAuthorizedOperations: bool,
    endpointType: since(1, int8, BROKERS),
    includeFencedBrokers: since(2, bool, false),
  }),
  response: struct({
    throttleTimeMs: throttleTime(0),
    errorCode: int16,
    errorMessage: nullableString,
    endpointType: defaulted(since(1, int8, BROKERS), BROKERS),
    clusterId: string,
    controllerId: int32,
    brokers: array({ brokerId: int32, host: string, port: int32, rack: nullableString, isFenced: since(2, bool, false) }),
    clusterAuthorizedOperations: defaulted(int32, NO_OPERATIONS),
  }),
  handle: ({ endpointType }, { cluster }) => answer(cluster, endpointType === BROKERS ? ErrorCode.NONE : ErrorCode.MISMATCHED_ENDPOINT_TYPE),
  refuse: (_asked, error, { cluster }) => answer(cluster, error),
});

function answer(cluster: Cluster, errorCode: number) {
  const brokers = errorCode === ErrorCode.NONE ? cluster.nodes.filter(node => node.alive) : [];
  return {
    errorCode,
    errorMessage: null,
    clusterId: cluster.clusterId,
    controllerId: cluster.controller?.id ?? -1,
    brokers: brokers.map(({ id, host, port }) => ({ brokerId: id, host, port, rack: null, isFenced: false })),
  };
}
