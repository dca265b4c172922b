import type { Cluster } from '../cluster.js';
import { ErrorCode } from '../protocol/error-codes.js';
import { array, arrayOf, bool, defaulted, int16, int8, nullableArrayOf, nullableString, type Read, since, string, struct, throttleTime, type Written } from '../protocol/types.js';
import { type ConfigEntry, ConfigType } from '../topics/topic-config.js';
import { defineApi } from './api.js';

/** Kinds of things that have settings. */
export const ResourceType = { topic: 2, broker: 4 } as const;
/** Where a setting comes from. */
const ConfigSource = { topic: 1, static: 4, default: 5 } as const;

const request = struct({
  resources: array({ type: int8, name: string, keys: nullableArrayOf(string) }),
  includeSynonyms: since(1, bool, false),
  includeDocumentation: since(3, bool, false),
});
const resourceResponse = struct({
  errorCode: int16,
  errorMessage: nullableString,
  type: int8,
  name: string,
  configs: array({
    name: string,
    value: nullableString,
    readOnly: bool,
    source: int8,
    isSensitive: bool,
    synonyms: defaulted(since(1, array({ name: string, value: nullableString, source: int8 }), []), []),
    type: since(3, int8, 0),
    documentation: defaulted(since(3, nullableString, null), null),
  }),
});
type Asked = Read<typeof request>['resources'][number];
type Answer = Written<typeof resourceResponse>;

/**
 * DescribeConfigs, 1 to 4, of topics; of brokers only what has a meaning here.
 * Left out: other resources (INVALID_REQUEST), synonyms, documentation.
 */
export const describeConfigs = defineApi({
  key: 32,
  name: 'DescribeConfigs',
  versions: [1, 4],
  flexibleFrom: 4,
  request,
  response: struct({ throttleTimeMs: throttleTime(0), results: arrayOf(resourceResponse) }),
  handle: ({ resources }, { cluster }) => ({ results: resources.map(resource => describe(resource, cluster)) }),
  refuse: ({ resources }, error) => ({ results: resources.map(resource => failed(resource, error, null)) }),
});

export function configSource({ isDefault }: ConfigEntry): number {
  return isDefault ? ConfigSource.default : ConfigSource.topic;
}

function describe(resource: Asked, cluster: Cluster): Answer {
  if (resource.type === ResourceType.broker) return described(resource, brokerEntries(cluster), true);
  if (resource.type !== ResourceType.topic) return failed(resource, ErrorCode.INVALID_REQUEST, 'The embedded broker describes topics and brokers only.');
  const topic = cluster.topics.named(resource.name);
  return topic === undefined ? failed(resource, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, null) : described(resource, topic.config.entries(), false);
}

function brokerEntries({ settings, groups }: Cluster): ConfigEntry[] {
  return [
    { name: 'auto.create.topics.enable', value: String(settings.autoCreateTopics), type: ConfigType.boolean, isDefault: false },
    { name: 'group.min.session.timeout.ms', value: String(groups.settings.minSessionTimeoutMs), type: ConfigType.int, isDefault: false },
    { name: 'num.partitions', value: '1', type: ConfigType.int, isDefault: true },
    { name: 'offset.metadata.max.bytes', value: '4096', type: ConfigType.int, isDefault: true },
  ];
}

function described({ type, name, keys }: Asked, entries: readonly ConfigEntry[], ofBroker: boolean): Answer {
  const asked = keys === null ? entries : entries.filter(entry => keys.includes(entry.name));
  const source = (entry: ConfigEntry) => (ofBroker && !entry.isDefault ? ConfigSource.static : configSource(entry));
  const configs = asked.map(entry => ({ name: entry.name, value: entry.value, readOnly: ofBroker, source: source(entry), isSensitive: false, type: entry.type }));
  return { errorCode: ErrorCode.NONE, errorMessage: null, type, name, configs };
}

function failed({ type, name }: Asked, errorCode: number, errorMessage: string | null): Answer {
  return { errorCode, errorMessage, type, name, configs: [] };
}
