import { ErrorCode } from '../protocol/error-codes.js';
import { bool, int16, int64, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForTransaction, fencedAs } from './coordinator-check.js';

/** EndTxn, 0 to 4. Left out: 5, with a new epoch for each transaction (`transaction.version` 2). */
export const endTxnApi = defineApi({
  key: 26,
  name: 'EndTxn',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({ transactionalId: string, producerId: int64, producerEpoch: int16, committed: bool }),
  response: struct({ throttleTimeMs: throttleTime(0), errorCode: int16 }),
  handle(request, context) {
    const { transactionalId, committed } = request;
    if (!answersForTransaction(context, transactionalId)) return { errorCode: ErrorCode.NOT_COORDINATOR };
    return { errorCode: fencedAs(context.cluster.transactions.end(transactionalId, request, committed), context.version >= 2) };
  },
  refuse: (_request, errorCode) => ({ errorCode }),
});
