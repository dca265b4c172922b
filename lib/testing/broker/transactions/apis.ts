import type { Api } from '../apis/api.js';

/** The APIs of transactional and idempotent producers. */
export const transactionApis: readonly Api[] = [];
