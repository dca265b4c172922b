import 'reflect-metadata';

/** What a method decorator of ours has left on a method, under keys that two copies of the package share. */
export class MethodMetadata<T> {
  private readonly key: symbol;
  constructor(name: string) {
    this.key = Symbol.for(`nestjs-kafka-many-threads:${name}`);
  }

  /** Adds an entry; a method may have several, in the order of its lines. */
  add(prototype: object, method: string | symbol, entry: T): void {
    Reflect.defineMetadata(this.key, [entry, ...this.ownOf(prototype, method)], prototype, method);
  }

  /** Of the method that an instance with this prototype calls: an override without the decorator has none. */
  of(prototype: object, method: string | symbol): readonly T[] {
    for (let level: object | null = prototype; level !== null; level = Object.getPrototypeOf(level) as object | null) {
      if (Object.hasOwn(level, method)) return this.ownOf(level, method);
    }
    return [];
  }

  private ownOf(prototype: object, method: string | symbol): readonly T[] {
    return (Reflect.getOwnMetadata(this.key, prototype, method) as readonly T[] | undefined) ?? [];
  }
}
