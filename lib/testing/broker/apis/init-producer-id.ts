import { ErrorCode } from '../protocol/error-codes.js';
import { defaulted, int16, int32, int64, nullableString, since, struct, throttleTime } from '../protocol/types.js';
import { NO_PRODUCER } from '../transactions/transaction.js';
import { defineApi } from './api.js';
import { answersForTransaction, fencedAs } from './coordinator-check.js';

/** InitProducerId, 0 to 5. Left out: two-phase commits. */
export const initProducerIdApi = defineApi({
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  flexibleFrom: 2,
  request: struct({
    transactionalId: nullableString,
    transactionTimeoutMs: int32,
    producerId: defaulted(since(3, int64, -1), -1),
    producerEpoch: defaulted(since(3, int16, -1), -1),
  }),
  response: struct({ throttleTimeMs: throttleTime(0), errorCode: int16, producerId: int64, producerEpoch: int16 }),
  handle({ transactionalId, transactionTimeoutMs, producerId, producerEpoch }, context) {
    if (producerId === -1 !== (producerEpoch === -1)) return { errorCode: ErrorCode.INVALID_REQUEST, ...NO_PRODUCER };
    if (transactionalId !== null && !answersForTransaction(context, transactionalId)) return { errorCode: ErrorCode.NOT_COORDINATOR, ...NO_PRODUCER };
    const own = producerId === -1 ? null : { producerId, producerEpoch };
    const answer = context.cluster.transactions.initProducer(transactionalId, transactionTimeoutMs, own);
    return { ...answer, errorCode: fencedAs(answer.errorCode, context.version >= 4) };
  },
  refuse: (_request, errorCode) => ({ errorCode, ...NO_PRODUCER }),
});
