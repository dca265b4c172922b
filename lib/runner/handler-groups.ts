import { matches } from '../consumer/topic-routes.js';
import type { HandlerDeclaration } from '../decorators/kafka-handler.decorator.js';
import type { DiscoveredMethod } from '../discovery/discovered-method.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import { KafkaDuplicateHandlerError } from '../errors/duplicate-handler.error.js';
import { KafkaUnknownGroupError } from '../errors/unknown-group.error.js';
import type { KafkaConsumerOptions, KafkaHandlerOptions, KafkaManyThreadsOptions } from '../interfaces/index.js';
import { withPreset } from '../options/group-options.js';
import { mergeHandlerOptions } from '../options/handler-options.js';
import { handlerSchema } from '../options/option-schemas.js';
import { isLegalTopic, isReserved } from '../options/topic-names.js';
import { validate } from '../options/validate.js';

/** A handler in its group: what it reads, by the topics' real names and by patterns, and its options without the defaults. */
export interface PlannedHandler {
  readonly found: DiscoveredMethod<HandlerDeclaration>;
  readonly topics: readonly string[];
  readonly patterns: readonly RegExp[];
  readonly options: KafkaHandlerOptions;
}
export interface PlannedGroup {
  readonly options: KafkaConsumerOptions;
  readonly handlers: readonly PlannedHandler[];
}

/**
 * Divides the handlers of a connection among its groups. Topics of one decorator stay one handler, with one limit, except
 * those for which `forRoot({ handlers })` has options of their own. A pattern's name there is its text: `/^orders\./`.
 *
 * @throws KafkaConfigurationError for what cannot be.
 */
export function planGroups(connection: string, module: KafkaManyThreadsOptions, found: readonly DiscoveredMethod<HandlerDeclaration>[]): PlannedGroup[] {
  const groups = groupsOf(module);
  const planned = new Map<string, PlannedHandler[]>(Array.from(groups.keys(), (groupId) => [groupId, []]));
  for (const method of found) {
    const where = `@KafkaHandler on ${method.name}`;
    validate(handlerSchema, method.declaration.options, where);
    for (const topics of splitTopics(method.declaration, module)) {
      const name = String(topics[0]);
      const override = module.handlers?.[name];
      requireOwn(override, connection, name);
      const groupId = override?.groupId ?? method.declaration.options.groupId ?? module.consumer?.groupId;
      const group = groupId === undefined ? undefined : groups.get(groupId);
      if (groupId === undefined || group === undefined) throw new KafkaUnknownGroupError(where, groupId, connection, [...groups.keys()]);
      const options = mergeHandlerOptions(group, method.declaration.options, override);
      if (options.enabled === false) continue;
      planned.get(groupId)?.push({ found: method, ...realTopics(topics, module, where), options });
    }
  }
  return Array.from(groups.values(), (options) => ({ options, handlers: withoutDuplicates(options.groupId, planned.get(options.groupId) ?? []) }));
}

/** Names in `topics` and `handlers` of forRoot that no decorator has: a slip of the pen, or for another application. */
export function unusedNames(module: KafkaManyThreadsOptions, found: readonly DiscoveredMethod<HandlerDeclaration>[]): string[] {
  const all = found.flatMap(({ declaration }) => declaration.topics);
  const unused = (option: 'topics' | 'handlers', known: readonly string[]): string[] =>
    Object.keys(module[option] ?? {}).flatMap((name) => (known.includes(name) ? [] : [`${option}.${name}`]));
  return [...unused('topics', all.filter((topic) => typeof topic === 'string')), ...unused('handlers', all.map(String))];
}

function groupsOf({ consumer, groups = [] }: KafkaManyThreadsOptions): Map<string, KafkaConsumerOptions> {
  const byId = new Map<string, KafkaConsumerOptions>();
  for (const options of consumer === undefined ? groups : [consumer, ...groups]) {
    if (byId.has(options.groupId)) throw new KafkaConfigurationError('forRoot', `group ${options.groupId} is listed twice in consumer and groups.`);
    byId.set(options.groupId, withPreset(options));
  }
  return byId;
}

type Topic = string | RegExp;

function splitTopics({ topics }: HandlerDeclaration, module: KafkaManyThreadsOptions): [Topic, ...Topic[]][] {
  const own = topics.filter((topic) => module.handlers?.[String(topic)] !== undefined);
  const [first, ...rest] = topics.filter((topic) => !own.includes(topic));
  return [...own.map((topic): [Topic] => [topic]), ...(first === undefined ? [] : [[first, ...rest] satisfies [Topic, ...Topic[]]])];
}

/** A pattern speaks of real names already. */
function realTopics(topics: readonly Topic[], module: KafkaManyThreadsOptions, where: string): Pick<PlannedHandler, 'topics' | 'patterns'> {
  const names = topics.filter((topic) => typeof topic === 'string').map((name) => requireLegal(module.topics?.[name] ?? name, name, where));
  return { topics: names, patterns: topics.filter((topic) => typeof topic !== 'string') };
}

function requireLegal(topic: string, name: string, where: string): string {
  if (isLegalTopic(topic)) return topic;
  const mapped = topic === name ? '' : ` (topics.${name} of forRoot)`;
  throw new KafkaConfigurationError(where, `Kafka has no topic with the name '${topic}'${mapped}: names are 1 to 249 letters, digits, dots, underscores and hyphens. For a pattern, give a RegExp.`);
}

function requireOwn(override: KafkaHandlerOptions | undefined, connection: string, topic: string): void {
  if (override?.connection === undefined || override.connection === connection) return;
  throw new KafkaConfigurationError(`forRoot, handlers.${topic}`, `its options are those of connection ${connection}, and it names ${override.connection}. Set the connection in the decorator.`);
}

function withoutDuplicates(groupId: string, handlers: readonly PlannedHandler[]): readonly PlannedHandler[] {
  const readers = new Map<string, string>();
  const read = (topic: string, { name }: PlannedHandler['found']): void => {
    const other = readers.get(topic);
    if (other !== undefined) throw new KafkaDuplicateHandlerError(topic, groupId, [other, name]);
    readers.set(topic, name);
  };
  for (const { topics, found } of handlers) for (const topic of topics) read(topic, found);
  const named = [...readers];
  for (const { patterns, found } of handlers) {
    for (const pattern of patterns) {
      const overlap = named.find(([topic]) => !isReserved(topic) && matches(pattern, topic));
      if (overlap !== undefined) throw new KafkaDuplicateHandlerError(overlap[0], groupId, [overlap[1], found.name], String(pattern));
      read(String(pattern), found);
    }
  }
  return handlers;
}
