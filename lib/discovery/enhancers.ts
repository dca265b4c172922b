import type { ApplicationConfig } from '@nestjs/core';
import type { NestContainer } from '@nestjs/core';
import { ExternalContextCreator } from '@nestjs/core';
import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { KafkaManyThreadsOptions } from '../interfaces/index.js';
import { settled } from './observable-result.js';

/** Which kinds of enhancers apply to a method. */
export interface Enhancers {
  readonly pipes: boolean;
  readonly guards: boolean;
  readonly interceptors: boolean;
  readonly filters: boolean;
}
type Kind = keyof Enhancers;

/** Nest's metadata keys of `@UsePipes` and its like, the same in 11 and 12. */
const METADATA: Readonly<Record<Kind, string>> = {
  pipes: '__pipes__',
  guards: '__guards__',
  interceptors: '__interceptors__',
  filters: '__exceptionFilters__',
};
const KINDS = Object.keys(METADATA) as Kind[];

/** Lists of the application's global enhancers, those of request scope apart. */
const GLOBALS = {
  pipes: ['getGlobalPipes', 'getGlobalRequestPipes'],
  guards: ['getGlobalGuards', 'getGlobalRequestGuards'],
  interceptors: ['getGlobalInterceptors', 'getGlobalRequestInterceptors'],
  filters: ['getGlobalFilters', 'getGlobalRequestFilters'],
} as const satisfies Record<Kind, readonly (keyof ApplicationConfig)[]>;

/** Which global enhancers run around handlers: only pipes unless more is asked for. */
export function globalKinds(option: KafkaManyThreadsOptions['globalEnhancers'] = {}): Enhancers {
  if (typeof option === 'boolean') return { pipes: option, guards: option, interceptors: option, filters: option };
  return { pipes: true, guards: false, interceptors: false, filters: false, ...option };
}

/**
 * Nest's own machinery for pipes, guards, interceptors and filters around methods that are no routes, with three differences:
 * it leaves out the global enhancers that were not asked for, finds those of controllers, too, and an Observable that
 * completes without a value is no error.
 */
export class KafkaContextCreator {
  private readonly config: ApplicationConfig;
  private readonly creator: ExternalContextCreator;
  private moduleKey = '';

  constructor(injected: ExternalContextCreator, globals: Enhancers) {
    // Not public: the one that is injected has it as a property, in 11 and in 12.
    const { container } = injected as unknown as { container?: NestContainer };
    if (container?.applicationConfig === undefined) throw new Error('This version of @nestjs/core keeps its container elsewhere: use ^11.0.0 or ^12.0.0.');
    this.config = onlyThese(container.applicationConfig, globals);
    const view = Object.create(container, { applicationConfig: { value: this.config } }) as NestContainer;
    this.creator = ExternalContextCreator.fromContainer(view);
    // Otherwise it looks among providers only, and skips the guards of a controller without a word.
    this.creator.getContextModuleKey = () => this.moduleKey;
    this.creator.transformToResult = (result: unknown) => settled(result);
  }

  /** What applies to a method of this class. */
  applying(type: object, callback: object, hasParameterPipes: boolean): Enhancers {
    const applies = (kind: Kind): boolean =>
      isListed(type, METADATA[kind]) || isListed(callback, METADATA[kind]) || GLOBALS[kind].some((list) => this.config[list]().length > 0);
    const applying = Object.fromEntries(KINDS.map((kind) => [kind, applies(kind)])) as unknown as Enhancers;
    return { ...applying, pipes: applying.pipes || hasParameterPipes };
  }

  /** Global enhancers that apply and have no instance before there is a record: those of request scope, and transient ones. */
  scopedGlobals(): InstanceWrapper[] {
    return KINDS.flatMap((kind): InstanceWrapper[] => this.config[GLOBALS[kind][1]]());
  }

  create(moduleKey: string, ...args: Parameters<ExternalContextCreator['create']>): ReturnType<ExternalContextCreator['create']> {
    this.moduleKey = moduleKey;
    return this.creator.create(...args);
  }
}

function onlyThese(config: ApplicationConfig, globals: Enhancers): ApplicationConfig {
  const none = { value: () => [] };
  const hidden = KINDS.filter((kind) => !globals[kind]).flatMap((kind) => GLOBALS[kind].map((list) => [list, none] as const));
  return Object.create(config, Object.fromEntries(hidden)) as ApplicationConfig;
}

function isListed(holder: object, key: string): boolean {
  const listed = Reflect.getMetadata(key, holder) as readonly unknown[] | undefined;
  return listed !== undefined && listed.length > 0;
}
