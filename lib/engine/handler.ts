import type { Delivery } from './delivery.js';
import type { FailureOptions, Verdict } from './failure-policy.js';

/** A handler as the engine sees it: how to run one attempt, how to read a failure, and its limits. */
export interface Handler {
  /** For people: `OrdersHandler.handle`. */
  readonly name: string;
  readonly options: HandlerOptions;
  /**
   * Runs one attempt. A thenable is awaited; `false`, returned or resolved to, is a failure, as is a throw.
   * It must not let the handler's async context reach its caller.
   */
  readonly invoke: (delivery: Delivery) => unknown;
  readonly classify: (error: unknown) => Verdict;
  /** What an attempt answered with may stand for work that goes on, such as an Observable: answers its end, else null. */
  readonly deferred?: (result: object) => PromiseLike<unknown> | null;
}

/** Options of one handler with every default applied. */
export interface HandlerOptions extends FailureOptions {
  readonly ordering: 'key' | 'partition' | 'none';
  /** Invocations in flight, at most. */
  readonly concurrency: number;
  readonly maxHeldPerPartition: number;
  /** Null: none. */
  readonly timeoutMs: number | null;
  readonly abortGraceMs: number;
  readonly ack: 'auto' | 'manual';
}
