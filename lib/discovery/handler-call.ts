import { ContextIdFactory, type ModuleRef } from '@nestjs/core';
import { Injector } from '@nestjs/core/injector/injector.js';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import { areOwnParameters, type BoundParameters, boundParameters, Parameter, parameterOf, PARAMETERS } from '../decorators/parameters.decorator.js';
import { KafkaConfigurationError } from '../errors/configuration.error.js';
import type { KafkaContext } from '../interfaces/index.js';
import type { DiscoveredMethod } from './discovered-method.js';
import type { Enhancers, KafkaContextCreator } from './enhancers.js';
import { settled } from './observable-result.js';

/** Calls a handler method with what its parameters ask for. */
export type HandlerCall = (value: unknown, context: KafkaContext) => unknown;

type Instance = Record<string, (...args: unknown[]) => unknown>;
type NestContextId = ReturnType<typeof ContextIdFactory.create>;

const binding = {
  exchangeKeyForValue: (kind: number, data: unknown, [value, context]: [unknown, KafkaContext]): unknown =>
    parameterOf(kind, typeof data === 'string' ? data : undefined, value, context),
};

/** Decides at boot how a method is called, so that a record pays for no more than its handler uses. */
export class HandlerCalls {
  private readonly injector = new Injector();

  constructor(
    private readonly creator: KafkaContextCreator,
    private readonly moduleRef: ModuleRef,
  ) {}

  async of({ wrapper, method, name }: DiscoveredMethod<unknown>): Promise<HandlerCall> {
    const scoped = this.creator.scopedGlobals();
    if (!wrapper.isDependencyTreeStatic() || scoped.length > 0) return this.perRecord(wrapper, method, scoped);
    const instance = (await this.staticInstance(wrapper)) as Instance | undefined;
    const callback = instance?.[method];
    if (instance === undefined || typeof callback !== 'function') throw new KafkaConfigurationError(name, 'Nest has no instance of its class.');
    const parameters = parametersOf(instance, method);
    const applying = this.creator.applying(instance.constructor, callback, Object.values(parameters).some(({ pipes }) => pipes.length > 0));
    const isPlain = areOwnParameters(parameters) && !applying.pipes && !applying.guards && !applying.interceptors && !applying.filters;
    return isPlain ? directCall(instance, method, parameters) : this.enhanced(wrapper, instance, method, applying);
  }

  private enhanced(wrapper: InstanceWrapper, instance: Instance, method: string, applying: Enhancers, contextId?: NestContextId): HandlerCall {
    const { guards, interceptors, filters } = applying;
    const callback = instance[method];
    const options = { guards, interceptors, filters };
    const call = this.creator.create(wrapper.host?.token ?? '', instance, callback, method, PARAMETERS, binding, contextId, wrapper.id, options, 'kafka');
    return (value, context) => settled(call(value, context));
  }

  /** Request scope: an instance, what it depends on, and the enhancers of that scope, for each record. */
  private perRecord(wrapper: InstanceWrapper, method: string, scoped: readonly InstanceWrapper[]): HandlerCall {
    // Nest adds global enhancers of request scope to controllers and to its own kinds of providers alone.
    const withGlobals = { getEnhancersMetadata: () => scoped } as unknown as InstanceWrapper;
    return async (value, context) => {
      const contextId = ContextIdFactory.getByRequest(context);
      this.moduleRef.registerRequestByContextId(context, contextId);
      const instance = (await this.load(wrapper, contextId)) as Instance;
      if (scoped.length > 0) await this.injector.loadEnhancersPerContext(withGlobals, contextId, wrapper);
      const all = { pipes: true, guards: true, interceptors: true, filters: true };
      return this.enhanced(wrapper, instance, method, { ...all, filters: this.hasFilters(instance, method) }, contextId)(value, context);
    };
  }

  private hasFilters(instance: Instance, method: string): boolean {
    return this.creator.applying(instance.constructor, instance[method], false).filters;
  }

  /** A transient class that nobody injects has no instance before it is asked for. */
  private async staticInstance(wrapper: InstanceWrapper): Promise<unknown> {
    return wrapper.isTransient ? this.load(wrapper, ContextIdFactory.create()) : wrapper.instance;
  }

  private async load(wrapper: InstanceWrapper, contextId: NestContextId): Promise<unknown> {
    const { host } = wrapper;
    if (host === undefined) throw new KafkaConfigurationError(String(wrapper.name), 'its class belongs to no module.');
    const collection = host.controllers.has(wrapper.token as never) ? host.controllers : host.providers;
    return this.injector.loadPerContext(wrapper.instance, host, collection, contextId, wrapper);
  }
}

function directCall(instance: Instance, method: string, parameters: BoundParameters): HandlerCall {
  const keys = Object.keys(parameters).sort();
  if (keys.join() === `${Parameter.CONTEXT}:1,${Parameter.VALUE}:0`) return (value, context) => instance[method](value, context);
  const sources = Object.entries(parameters).map(([key, { index, data }]) => ({ kind: Number(key.split(':')[0]), index, data }));
  const length = Math.max(...sources.map(({ index }) => index)) + 1;
  return (value, context) => {
    const args = new Array<unknown>(length);
    for (const { kind, index, data } of sources) args[index] = parameterOf(kind, data, value, context);
    return instance[method](...args);
  };
}

function parametersOf(instance: object, method: string): BoundParameters {
  return boundParameters(instance.constructor, method) ?? {};
}
