/**
 * Makes `instanceof` hold across two copies of this package in one process (CommonJS and ESM, or two versions): it asks for a
 * brand with the class's name instead of the prototype. Subclasses of an application keep the usual `instanceof`.
 */
export function brand(type: abstract new (...args: never[]) => Error, name: string): void {
  const key = Symbol.for(`nestjs-kafka-many-threads:${name}`);
  Object.defineProperty(type.prototype, key, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value(this: typeof type, value: unknown): boolean {
      if (this !== type) return Function.prototype[Symbol.hasInstance].call(this, value);
      return typeof value === 'object' && value !== null && key in value;
    },
  });
}
