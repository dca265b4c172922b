import { isObservable, lastValueFrom } from 'rxjs';

/** The end of an Observable; null for anything else. It is done when it completes, and one without a value is no failure. */
export function deferred(result: unknown): Promise<unknown> | null {
  return isObservable(result) ? lastValueFrom(result, { defaultValue: undefined }) : null;
}

/** Handlers, interceptors, filters and hooks may answer with an Observable, or a promise of one. */
export async function settled(result: unknown): Promise<unknown> {
  const awaited = await result;
  return deferred(awaited) ?? awaited;
}
