import 'reflect-metadata';
import type { PipeTransform, Type } from '@nestjs/common';
import type { KafkaContext } from '../interfaces/index.js';

type Pipe = PipeTransform | Type<PipeTransform>;

/** Nest's own key for the parameters of routes: its scanner makes the pipes that are listed there injectable. */
export const PARAMETERS = '__routeArguments__';

/**
 * What a parameter gets. 3 is Nest's number of a request's body: pipes validate and transform that one by the parameter's type,
 * which they do not for types they do not know.
 */
export const Parameter = { VALUE: 3, KEY: 101, HEADER: 102, CONTEXT: 103 } as const;

interface BoundParameter {
  readonly index: number;
  readonly data: string | undefined;
  readonly pipes: readonly Pipe[];
}
/** By `<kind>:<index>`, the form that Nest's ExternalContextCreator reads. */
export type BoundParameters = Readonly<Record<string, BoundParameter>>;

/** The decoded value, or one property of it. Pipes apply, those of the application, too. */
export function KafkaValue(...propertyOrPipes: (string | Pipe)[]): ParameterDecorator {
  const property = propertyOrPipes.find((each): each is string => typeof each === 'string');
  return bind(Parameter.VALUE, property, propertyOrPipes.filter((each): each is Pipe => typeof each !== 'string'));
}

/** The key as UTF-8 text, or null. */
export function KafkaKey(...pipes: Pipe[]): ParameterDecorator {
  return bind(Parameter.KEY, undefined, pipes);
}

/** One header as UTF-8 text (a list where it occurs more than once, undefined where it does not), or all headers. */
export function KafkaHeader(name?: string, ...pipes: Pipe[]): ParameterDecorator {
  return bind(Parameter.HEADER, name, pipes);
}

/** The `KafkaContext` of the attempt. */
export function KafkaCtx(): ParameterDecorator {
  return bind(Parameter.CONTEXT, undefined, []);
}

function bind(kind: number, data: string | undefined, pipes: readonly Pipe[]): ParameterDecorator {
  return (target, method, index) => {
    if (method === undefined) return;
    const before = boundParameters(target.constructor, method) ?? {};
    Reflect.defineMetadata(PARAMETERS, { ...before, [`${kind}:${index}`]: { index, data, pipes } }, target.constructor, method);
  };
}

/** A method without parameter decorators gets `(value, context)`. Parameter decorators run before those of the method. */
export function bindByPosition(target: object, method: string | symbol): void {
  if (Reflect.getOwnMetadata(PARAMETERS, target.constructor, method) !== undefined) return;
  const positions: BoundParameters = {
    [`${Parameter.VALUE}:0`]: { index: 0, data: undefined, pipes: [] },
    [`${Parameter.CONTEXT}:1`]: { index: 1, data: undefined, pipes: [] },
  };
  Reflect.defineMetadata(PARAMETERS, positions, target.constructor, method);
}

export function boundParameters(type: object, method: string | symbol): BoundParameters | undefined {
  return Reflect.getMetadata(PARAMETERS, type, method) as BoundParameters | undefined;
}

/** Whether all parameters are bound by decorators of ours, not by those that `createParamDecorator` makes. */
export function areOwnParameters(parameters: BoundParameters): boolean {
  const kinds = Object.values<number>(Parameter);
  return Object.keys(parameters).every((key) => kinds.includes(Number(key.split(':')[0])));
}

/** What a parameter of this kind gets, before pipes. */
export function parameterOf(kind: number, data: string | undefined, value: unknown, context: KafkaContext): unknown {
  switch (kind) {
    case Parameter.VALUE:
      return data === undefined ? value : (value as Record<string, unknown> | null | undefined)?.[data];
    case Parameter.KEY:
      return context.record.key;
    case Parameter.HEADER:
      return data === undefined ? context.record.headers : ownHeader(context.record.headers, data);
    default:
      return context;
  }
}

function ownHeader(headers: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(headers, name) ? headers[name] : undefined;
}
