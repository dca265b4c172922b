import type { InstanceWrapper } from '@nestjs/core/injector/instance-wrapper.js';
import type { MethodMetadata } from '../decorators/metadata.js';

/** A decorated method of a provider or a controller. */
export interface DiscoveredMethod<T> {
  readonly wrapper: InstanceWrapper;
  readonly method: string;
  /** For people: `OrdersHandler.handle`. */
  readonly name: string;
  readonly declaration: T;
}

interface MethodNames {
  getAllMethodNames(prototype: object | null): string[];
}

/** Every method of these instances that carries the metadata. An instance that two wrappers hold counts once. */
export function discoverMethods<T>(wrappers: readonly InstanceWrapper[], names: MethodNames, metadata: MethodMetadata<T>): DiscoveredMethod<T>[] {
  const found: DiscoveredMethod<T>[] = [];
  const seen = new Set<unknown>();
  for (const wrapper of wrappers) {
    const prototype = prototypeOf(wrapper);
    if (prototype === null || wrapper.isAlias || (wrapper.isDependencyTreeStatic() && seen.has(wrapper.instance))) continue;
    seen.add(wrapper.instance);
    for (const method of names.getAllMethodNames(prototype)) {
      for (const declaration of metadata.of(prototype, method)) {
        found.push({ wrapper, method, name: `${prototype.constructor.name}.${method}`, declaration });
      }
    }
  }
  return found;
}

/** Of a request-scoped class there is no instance yet, and of a factory's product there is no class. */
function prototypeOf({ instance, metatype, isNotMetatype }: InstanceWrapper): object | null {
  const held: unknown = instance;
  if (typeof held === 'object' && held !== null) return Object.getPrototypeOf(held) as object | null;
  return !isNotMetatype && typeof metatype === 'function' ? (metatype.prototype as object | null) : null;
}
