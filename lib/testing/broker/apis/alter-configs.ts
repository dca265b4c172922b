import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { KafkaError } from '../protocol/kafka-error.js';
import { array, arrayOf, bool, int16, int8, nullableString, string, struct, throttleTime, type Written } from '../protocol/types.js';
import { TopicConfig } from '../topics/topic-config.js';
import { defineApi } from './api.js';
import { ResourceType } from './describe-configs.js';

/** What IncrementalAlterConfigs does with a setting. */
const Operation = { set: 0, delete: 1 } as const;

const resourceResponse = struct({ errorCode: int16, errorMessage: nullableString, type: int8, name: string });
const response = struct({ throttleTimeMs: throttleTime(0), responses: arrayOf(resourceResponse) });
type Answer = Written<typeof resourceResponse>;
interface Resource {
  readonly type: number;
  readonly name: string;
}

/** AlterConfigs, 0 to 2, of topics: what is not named goes back to its default. Left out: other resources (INVALID_REQUEST). */
export const alterConfigs = defineApi({
  key: 33,
  name: 'AlterConfigs',
  versions: [0, 2],
  flexibleFrom: 2,
  request: struct({ resources: array({ type: int8, name: string, configs: array({ name: string, value: nullableString }) }), validateOnly: bool }),
  response,
  handle: ({ resources, validateOnly }, { cluster }) => ({
    responses: resources.map(resource => alter(cluster, resource, validateOnly, () => resource.configs.map(({ name, value }) => [name, value] as const))),
  }),
  refuse: ({ resources }, error) => ({ responses: resources.map(resource => answer(resource, error, null)) }),
});

/** IncrementalAlterConfigs, 0 and 1, of topics. Left out: other resources, and adding to or taking from lists (INVALID_REQUEST). */
export const incrementalAlterConfigs = defineApi({
  key: 44,
  name: 'IncrementalAlterConfigs',
  versions: [0, 1],
  flexibleFrom: 1,
  request: struct({ resources: array({ type: int8, name: string, configs: array({ name: string, operation: int8, value: nullableString }) }), validateOnly: bool }),
  response,
  handle: ({ resources, validateOnly }, { cluster }) => ({
    responses: resources.map(resource =>
      alter(cluster, resource, validateOnly, own => {
        const changes = resource.configs.map(({ name, operation, value }) => {
          if (operation !== Operation.set && operation !== Operation.delete) throw new KafkaError(ErrorCode.INVALID_REQUEST, `The embedded broker does not add to lists, nor take from them (operation ${operation}).`);
          return [name, operation === Operation.delete ? null : value] as const;
        });
        return [...own, ...changes];
      }),
    ),
  }),
  refuse: ({ resources }, error) => ({ responses: resources.map(resource => answer(resource, error, null)) }),
});

type Settings = readonly (readonly [string, string | null])[];

/** All of it or, where one setting is refused, nothing. */
function alter(cluster: Cluster, resource: Resource, validateOnly: boolean, settings: (own: Settings) => Settings): Answer {
  if (resource.type !== ResourceType.topic) return answer(resource, ErrorCode.INVALID_REQUEST, 'The embedded broker alters the settings of topics only.');
  const topic = cluster.topics.named(resource.name);
  if (topic === undefined) return answer(resource, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null);
  try {
    const config = new TopicConfig(settings(topic.config.own()));
    if (!validateOnly) topic.config = config;
    return answer(resource, ErrorCode.NONE, null);
  } catch (error) {
    if (error instanceof KafkaError) return answer(resource, error.code, error.message);
    throw error;
  }
}

function answer({ type, name }: Resource, errorCode: number, errorMessage: string | null): Answer {
  return { errorCode, errorMessage, type, name };
}
