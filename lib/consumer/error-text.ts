/**
 * What a log line says of whatever was thrown. Handlers throw anything: null, an object without a prototype, an error whose
 * message is computed and throws in turn. Never throws.
 */
export function messageOf(error: unknown): string {
  return safely(() => (error instanceof Error ? error.message : String(error)));
}

/** Never throws. */
export function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? safely(() => error.stack ?? '') : undefined;
}

/** Never throws. */
export function safely(text: () => string): string {
  try {
    return text();
  } catch {
    return 'something that has no text';
  }
}
