import { ErrorCode } from '../protocol/error-codes.js';
import { int16, int64, string, struct, throttleTime } from '../protocol/types.js';
import { defineApi } from './api.js';
import { answersForTransaction, fencedAs } from './coordinator-check.js';

/** AddOffsetsToTxn, 0 to 4. Left out: nothing. */
export const addOffsetsToTxnApi = defineApi({
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleFrom: 3,
  request: struct({ transactionalId: string, producerId: int64, producerEpoch: int16, groupId: string }),
  response: struct({ throttleTimeMs: throttleTime(0), errorCode: int16 }),
  handle(request, context) {
    const { transactionalId, groupId } = request;
    if (!answersForTransaction(context, transactionalId)) return { errorCode: ErrorCode.NOT_COORDINATOR };
    return { errorCode: fencedAs(context.cluster.transactions.addOffsets(transactionalId, request, groupId), context.version >= 2) };
  },
  refuse: (_request, errorCode) => ({ errorCode }),
});
