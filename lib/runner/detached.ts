import { AsyncResource } from 'node:async_hooks';

/** As of when this file was loaded: no request, no test and no transaction is under way. */
const root = new AsyncResource('KafkaManyThreads');

/**
 * Runs the consumer's own work outside of the caller's async context, which records would inherit otherwise. Nothing of the
 * application may run in here: its `enterWith` would change the context for all that follows.
 */
export function detached<T>(work: () => T): T {
  return root.runInAsyncScope(work);
}

/** Runs code of the application in a context of its own. */
export function inOwnContext<T>(work: () => T): T {
  return new AsyncResource('KafkaManyThreadsHook').runInAsyncScope(work);
}
