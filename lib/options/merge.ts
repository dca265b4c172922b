/** The later wins, nested plain objects are merged, and undefined counts as absent. */
export function merge<T extends object>(...layers: readonly (Partial<T> | undefined)[]): Partial<T> {
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [name, value] of Object.entries(layer ?? {})) {
      if (value === undefined) continue;
      const before = merged[name];
      merged[name] = isPlain(before) && isPlain(value) ? merge(before, value) : value;
    }
  }
  return merged as Partial<T>;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
