import type { HandlerDeclaration } from '../decorators/kafka-handler.decorator.js';
import type { DiscoveredMethod } from '../discovery/discovered-method.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import { KafkaDuplicateHandlerError } from '../errors/duplicate-handler.error.js';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import { KafkaUnknownGroupError } from '../errors/unknown-group.error.js';
import type { KafkaConsumerOptions, KafkaHandlerOptions, KafkaManyThreadsOptions } from '../interfaces/index.js';
import { withPreset } from '../options/group-options.js';
import { mergeHandlerOptions } from '../options/handler-options.js';
import { handlerSchema } from '../options/option-schemas.js';
import { validate } from '../options/validate.js';

/** A handler in its group: what it reads, by the topics' real names, and its options without the defaults. */
export interface PlannedHandler {
  readonly found: DiscoveredMethod<HandlerDeclaration>;
  readonly topics: readonly string[];
  readonly options: KafkaHandlerOptions;
}
export interface PlannedGroup {
  readonly options: KafkaConsumerOptions;
  readonly handlers: readonly PlannedHandler[];
}

/**
 * Divides the handlers of a connection among its groups. Topics of one decorator stay one handler, with one limit, except
 * those for which `forRoot({ handlers })` has options of their own.
 *
 * @throws KafkaConfigurationError for what cannot be.
 */
export function planGroups(connection: string, module: KafkaManyThreadsOptions, found: readonly DiscoveredMethod<HandlerDeclaration>[]): PlannedGroup[] {
  const groups = groupsOf(module);
  const planned = new Map<string, PlannedHandler[]>(Array.from(groups.keys(), (groupId) => [groupId, []]));
  for (const method of found) {
    const where = `@KafkaHandler on ${method.name}`;
    validate(handlerSchema, method.declaration.options, where);
    for (const topics of splitTopics(method.declaration, module, where)) {
      const override = module.handlers?.[topics[0]];
      requireOwn(override, connection, topics[0]);
      const groupId = override?.groupId ?? method.declaration.options.groupId ?? module.consumer?.groupId;
      const group = groupId === undefined ? undefined : groups.get(groupId);
      if (groupId === undefined || group === undefined) throw new KafkaUnknownGroupError(where, groupId, connection, [...groups.keys()]);
      const options = mergeHandlerOptions(group, method.declaration.options, override);
      if (options.enabled === false) continue;
      planned.get(groupId)?.push({ found: method, topics: topics.map((topic) => module.topics?.[topic] ?? topic), options });
    }
  }
  return Array.from(groups.values(), (options) => ({ options, handlers: withoutDuplicates(options.groupId, planned.get(options.groupId) ?? []) }));
}

/** Names in `topics` and `handlers` of forRoot that no decorator has: a slip of the pen, or for another application. */
export function unusedNames(module: KafkaManyThreadsOptions, found: readonly DiscoveredMethod<HandlerDeclaration>[]): string[] {
  const known = new Set(found.flatMap(({ declaration }) => declaration.topics));
  const unused = (option: 'topics' | 'handlers'): string[] => Object.keys(module[option] ?? {}).flatMap((name) => (known.has(name) ? [] : [`${option}.${name}`]));
  return [...unused('topics'), ...unused('handlers')];
}

function groupsOf({ consumer, groups = [] }: KafkaManyThreadsOptions): Map<string, KafkaConsumerOptions> {
  const byId = new Map<string, KafkaConsumerOptions>();
  for (const options of consumer === undefined ? groups : [consumer, ...groups]) {
    if (byId.has(options.groupId)) throw new KafkaConfigurationError('forRoot', `group ${options.groupId} is listed twice in consumer and groups.`);
    byId.set(options.groupId, withPreset(options));
  }
  return byId;
}

function splitTopics({ topics }: HandlerDeclaration, module: KafkaManyThreadsOptions, where: string): [string, ...string[]][] {
  const names = topics.map((topic) => {
    if (typeof topic !== 'string') throw new KafkaNotImplementedError(`${where}: the topic ${String(topic)}, a RegExp,`);
    return topic;
  });
  const own = names.filter((topic) => module.handlers?.[topic] !== undefined);
  const [first, ...rest] = names.filter((topic) => !own.includes(topic));
  return [...own.map((topic): [string] => [topic]), ...(first === undefined ? [] : [[first, ...rest] satisfies [string, ...string[]]])];
}

function requireOwn(override: KafkaHandlerOptions | undefined, connection: string, topic: string): void {
  if (override?.connection === undefined || override.connection === connection) return;
  throw new KafkaConfigurationError(`forRoot, handlers.${topic}`, `its options are those of connection ${connection}, and it names ${override.connection}. Set the connection in the decorator.`);
}

function withoutDuplicates(groupId: string, handlers: readonly PlannedHandler[]): readonly PlannedHandler[] {
  const readers = new Map<string, string>();
  for (const { topics, found } of handlers) {
    for (const topic of topics) {
      const other = readers.get(topic);
      if (other !== undefined) throw new KafkaDuplicateHandlerError(topic, groupId, [other, found.name]);
      readers.set(topic, found.name);
    }
  }
  return handlers;
}
