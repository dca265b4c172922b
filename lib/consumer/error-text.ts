/**
 * What a log line says of whatever was thrown. Handlers throw anything: null, an object without a prototype, an error whose
 * message is computed and throws in turn. Never throws.
 */
export function messageOf(error: unknown): string {
  return safely(() => (error instanceof Error ? error.message : String(error)));
}

/** With the name of its class, where it has one. Never throws. */
export function describeError(error: unknown): string {
  return safely(() => (error instanceof Error ? `${error.name}: ${error.message}` : String(error)));
}

/** Never throws. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? safely(() => error.stack ?? '') : undefined;
}

function safely(text: () => string): string {
  try {
    return text();
  } catch {
    return 'something that has no text';
  }
}
