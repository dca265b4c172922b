import { groupApis } from '../groups/apis.js';
import { transactionApis } from '../transactions/apis.js';
import { alterConfigs, incrementalAlterConfigs } from './alter-configs.js';
import type { Api } from './api.js';
import { apiVersions } from './api-versions.js';
import { createPartitions } from './create-partitions.js';
import { createTopics } from './create-topics.js';
import { deleteRecords } from './delete-records.js';
import { deleteTopics } from './delete-topics.js';
import { describeCluster } from './describe-cluster.js';
import { describeConfigs } from './describe-configs.js';
import { fetch } from './fetch.js';
import { findCoordinator } from './find-coordinator.js';
import { listOffsets } from './list-offsets.js';
import { metadata } from './metadata.js';
import { produce } from './produce.js';

const logApis = [produce, fetch, listOffsets, metadata, findCoordinator, createTopics, deleteTopics, createPartitions, deleteRecords];
const adminApis = [describeConfigs, alterConfigs, incrementalAlterConfigs, describeCluster];

/** Every API that is served. ApiVersions is derived from it. */
export const registry: ReadonlyMap<number, Api> = new Map(
  [apiVersions(() => registry.values()), ...logApis, ...adminApis, ...groupApis, ...transactionApis]
    .sort((a, b) => a.key - b.key)
    .map((api): [number, Api] => [api.key, api]),
);
