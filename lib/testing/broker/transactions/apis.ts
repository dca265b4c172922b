import { addOffsetsToTxnApi } from '../apis/add-offsets-to-txn.js';
import { addPartitionsToTxnApi } from '../apis/add-partitions-to-txn.js';
import type { Api } from '../apis/api.js';
import { endTxnApi } from '../apis/end-txn.js';
import { initProducerIdApi } from '../apis/init-producer-id.js';
import { txnOffsetCommitApi } from '../apis/txn-offset-commit.js';

/**
 * The APIs of transactional and idempotent producers. Left out: DescribeProducers, ListTransactions and DescribeTransactions,
 * which no producer asks for.
 */
export const transactionApis: readonly Api[] = [initProducerIdApi, addPartitionsToTxnApi, addOffsetsToTxnApi, endTxnApi, txnOffsetCommitApi];
