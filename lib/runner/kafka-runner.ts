import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown, type OnModuleDestroy, type OnModuleInit } from '@nestjs/common';
import { DiscoveryService, ExternalContextCreator, MetadataScanner, ModuleRef, ModulesContainer } from '@nestjs/core';
import type { Kafka } from 'kafkajs';
import { type EventDeclaration, eventMetadata, type HookDeclaration, hookMetadata } from '../decorators/hooks.decorator.js';
import { DEFAULT_CONNECTION } from '../decorators/inject-kafka.decorator.js';
import { type HandlerDeclaration, handlerMetadata } from '../decorators/kafka-handler.decorator.js';
import { codecName, decoderOf } from '../discovery/codecs.js';
import { type DiscoveredMethod, discoverMethods } from '../discovery/discovered-method.js';
import { globalKinds, KafkaContextCreator } from '../discovery/enhancers.js';
import { HandlerCalls } from '../discovery/handler-call.js';
import type { ContextSend, HandlerPlace } from '../discovery/handler-context.js';
import { classify, invocation } from '../discovery/handler-invocation.js';
import { deferred } from '../discovery/observable-result.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import { KafkaUnknownConnectionError } from '../errors/unknown-connection.error.js';
import { KafkaUnknownGroupError } from '../errors/unknown-group.error.js';
import type { KafkaManyThreadsOptions } from '../interfaces/index.js';
import { kafkajsWire } from '../kafkajs/kafkajs-wire.js';
import { groupOptions } from '../options/group-options.js';
import { handlerOptions } from '../options/handler-options.js';
import { ConnectionProducer } from './connection-producer.js';
import { describeHandler } from './describe-handler.js';
import { inOwnContext } from './detached.js';
import { groupHooks } from './group-hooks.js';
import { groupLog } from './group-log.js';
import { type PlannedGroup, type PlannedHandler, planGroups, unusedNames } from './handler-groups.js';
import { KafkaConnections } from './kafka-connections.js';
import { type DecodingHandler, KafkaGroup } from './kafka-group.js';

/** Injection tokens of one `forRoot`. */
export const GIVEN_OPTIONS = Symbol('KafkaManyThreadsGivenOptions');
export const MODULE_OPTIONS = Symbol('KafkaManyThreadsOptions');
export const CONNECTION_NAME = Symbol('KafkaManyThreadsConnection');

/**
 * Ties one connection to the life of the application: finds the handlers when everything is instantiated, starts the groups
 * when everything else has booted, stops them before anything else is destroyed. The producer ends after all of them.
 */
@Injectable()
export class KafkaRunner implements OnModuleInit, OnApplicationBootstrap, OnModuleDestroy, OnApplicationShutdown {
  private readonly log;
  private readonly calls: HandlerCalls;
  private readonly producer: ConnectionProducer | null;
  private groups: readonly KafkaGroup[] = [];

  constructor(
    @Inject(MODULE_OPTIONS) private readonly options: KafkaManyThreadsOptions,
    @Inject(CONNECTION_NAME) private readonly connection: string,
    @Inject(KafkaConnections) private readonly connections: KafkaConnections,
    @Inject(DiscoveryService) private readonly discovery: DiscoveryService,
    @Inject(MetadataScanner) private readonly scanner: MetadataScanner,
    @Inject(ExternalContextCreator) contexts: ExternalContextCreator,
    @Inject(ModuleRef) moduleRef: ModuleRef,
    @Inject(ModulesContainer) modules: ModulesContainer,
  ) {
    bootLastAndStopFirst(modules);
    this.log = groupLog('KafkaManyThreads', options);
    this.producer = producerOf(connection, options);
    connections.register(connection, this.log, this.producer);
    this.calls = new HandlerCalls(new KafkaContextCreator(contexts, globalKinds(options.globalEnhancers)), moduleRef);
  }

  async onModuleInit(): Promise<void> {
    const { options, connection, connections } = this;
    const handlers = this.discover(handlerMetadata).filter((found) => this.isOwn(found));
    const hooks = this.discover(hookMetadata);
    const events = this.discover(eventMetadata);
    for (const name of unusedNames(options, handlers)) this.log.warn(`forRoot, ${name}: no handler of this application reads that topic`);
    const planned = planGroups(connection, options, handlers);
    this.requireKnownGroups([...hooks, ...events], planned);
    this.groups = await Promise.all(planned.map((group) => this.build(group, hooks)));
    connections.addGroups(connection, this.groups, options.consumer?.groupId);
    for (const group of this.groups) this.forwardEvents(group, events);
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.options.autoStart === false) return;
    try {
      await Promise.all(this.groups.map((group) => group.start()));
      // Not beside the groups: wrong credentials are tried once, and it is always the group's error that fails the boot.
      await this.producer?.connect();
      this.warnWithoutShutdownHooks();
    } catch (error) {
      // app.init() fails, and nothing of ours must keep the process alive.
      await this.onModuleDestroy();
      await this.producer?.close(0);
      throw error;
    }
  }

  async onModuleDestroy(): Promise<void> {
    await Promise.all(this.groups.map((group) => group.stop()));
    for (const { events } of this.groups) events.complete();
    this.connections.ended(this.connection);
  }

  /** What others send while they are destroyed still goes out. */
  async onApplicationShutdown(): Promise<void> {
    await this.producer?.close();
  }

  /** Not in tests, which close their application themselves. */
  private warnWithoutShutdownHooks(): void {
    if (this.groups.length === 0 || process.env.NODE_ENV === 'test' || process.listenerCount('SIGTERM') > 0) return;
    this.log.warn('Nothing listens for SIGTERM: the process would end without finishing what is in flight, and its partitions would wait for the end of its session. Call app.enableShutdownHooks()');
  }

  private discover<T>(metadata: Parameters<typeof discoverMethods<T>>[2]): DiscoveredMethod<T>[] {
    return discoverMethods([...this.discovery.getProviders(), ...this.discovery.getControllers()], this.scanner, metadata);
  }

  private isOwn({ name, declaration }: DiscoveredMethod<HandlerDeclaration>): boolean {
    const { connection = DEFAULT_CONNECTION } = declaration.options;
    const { names } = this.connections;
    if (!names.includes(connection)) throw new KafkaUnknownConnectionError(`@KafkaHandler on ${name}`, connection, names);
    return connection === this.connection;
  }

  /** A hook for a group that no connection has would never be called. */
  private requireKnownGroups(methods: readonly DiscoveredMethod<HookDeclaration | EventDeclaration>[], planned: readonly PlannedGroup[]): void {
    const known = planned.map(({ options }) => options.groupId);
    for (const { name, wrapper, declaration } of methods) {
      if (!wrapper.isDependencyTreeStatic() || wrapper.isTransient) throw new KafkaConfigurationError(name, 'hooks and listeners need a class of the default scope.');
      const { groupId } = declaration;
      if (groupId === undefined || known.includes(groupId) || this.connections.names.length > 1) continue;
      throw new KafkaUnknownGroupError(name, groupId, this.connection, known);
    }
  }

  private async build({ options, handlers }: PlannedGroup, hooks: readonly DiscoveredMethod<HookDeclaration>[]): Promise<KafkaGroup> {
    const { options: module, connection } = this;
    const resolved = groupOptions(options, module, connection);
    const place: HandlerPlace = { connection, groupId: options.groupId };
    const levels = { logger: module.logger, logLevel: options.logLevel ?? module.logLevel };
    const log = groupLog(`Kafka:${options.groupId}`, levels);
    const built = await Promise.all(handlers.map((handler) => this.handler(handler, place)));
    for (const handler of built) this.log.info(describeHandler(handler, resolved));
    if (built.length === 0) this.log.warn(`Group ${options.groupId} has no handler in this application. Is the class with @KafkaHandler among the providers or controllers of a module that is imported?`);
    const { sessionTimeoutMs, groupId, isolation } = resolved;
    const wire = kafkajsWire({ client: this.clientOf(module), kafkajs: options.kafkajs, groupId, sessionTimeoutMs, isolation, log });
    return new KafkaGroup({ options: resolved, handlers: built, wire, hooks: groupHooks(place, hooks), log, module });
  }

  private async handler({ found, topics, patterns, options }: PlannedHandler, place: HandlerPlace): Promise<DecodingHandler> {
    const codec = options.codec ?? this.options.codec ?? 'json';
    const decode = decoderOf(codec);
    const call = await this.calls.of(found);
    const send: ContextSend = async (topic, messages) => this.connections.producer(place.connection, 'KafkaContext.send').sendRaw(topic, messages);
    return {
      name: found.name,
      topics,
      patterns,
      options: handlerOptions(options, (what, error) => this.log.error(`${found.name}: ${what} threw`, error)),
      invoke: invocation({ place, send, decode, codec: codecName(codec), call }),
      classify,
      deferred,
      decode,
    };
  }

  /** kafkajs caches by group within a client: two consumers on one would share what they must not. */
  private clientOf({ client }: KafkaManyThreadsOptions): KafkaManyThreadsOptions['client'] {
    if (typeof client !== 'function') return client;
    const made = new WeakSet<Kafka>();
    return () => {
      const kafka = client();
      if (made.has(kafka)) throw new KafkaConfigurationError('client', 'the factory answered with the same Kafka twice; every consumer needs one of its own.');
      made.add(kafka);
      return kafka;
    };
  }

  private forwardEvents({ events, groupId }: KafkaGroup, listeners: readonly DiscoveredMethod<EventDeclaration>[]): void {
    for (const { wrapper, method, name, declaration } of listeners) {
      if (declaration.groupId !== undefined && declaration.groupId !== groupId) continue;
      const instance = wrapper.instance as Record<string, (event: unknown) => unknown>;
      const call = async (event: unknown): Promise<void> => void (await instance[method](event));
      events.events$.subscribe((event) => {
        if (event.type !== declaration.type) return;
        inOwnContext(() => call(event)).catch((error: unknown) => this.log.error(`${name} failed for an event '${event.type}'`, error));
      });
    }
  }
}

function producerOf(connection: string, options: KafkaManyThreadsOptions): ConnectionProducer | null {
  const { producer = {} } = options;
  return producer === false ? null : new ConnectionProducer(connection, options, producer, groupLog('Kafka:producer', options));
}

/**
 * Nest boots modules by their distance from the root, the farthest first, and destroys them in the opposite order. With a
 * distance below the root's the consumer boots last and is destroyed first, wherever the application imports it.
 */
function bootLastAndStopFirst(modules: ModulesContainer): void {
  for (const module of modules.values()) if (module.providers.has(KafkaRunner)) module.distance = -1;
}
