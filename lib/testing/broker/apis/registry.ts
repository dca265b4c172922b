import { groupApis } from '../groups/apis.js';
import { transactionApis } from '../transactions/apis.js';
import type { Api } from './api.js';
import { apiVersions } from './api-versions.js';
import { findCoordinator } from './find-coordinator.js';

/** Every API that is served. ApiVersions is derived from it. */
export const registry: ReadonlyMap<number, Api> = new Map(
  [apiVersions(() => registry.values()), findCoordinator, ...groupApis, ...transactionApis]
    .sort((a, b) => a.key - b.key)
    .map((api): [number, Api] => [api.key, api]),
);
