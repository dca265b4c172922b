/** When a failed attempt is made again, with every default applied. */
export interface RetryPolicy {
  /** Attempts after the first one; `Infinity` for ever. */
  readonly retries: number;
  /** Milliseconds before retry n (1 = first retry). */
  readonly delayMs: (retry: number, error: unknown) => number;
  readonly retryable: (error: unknown) => boolean;
}

/**
 * What a failed attempt asks for. 'failed': whatever the options say. 'retry': again after `delayMs` (the policy's delay
 * where it is absent), even if the policy calls the error not retryable. 'exhausted': no retry. 'skip': complete.
 */
export type Verdict =
  | { readonly kind: 'failed' | 'exhausted' | 'skip'; readonly error: unknown }
  | { readonly kind: 'retry'; readonly error: unknown; readonly delayMs?: number };

export type Decision =
  | { readonly kind: 'retry'; readonly delayMs: number }
  | { readonly kind: 'skip' | 'hold' | 'stop' };

export interface FailureOptions {
  readonly retry: RetryPolicy;
  readonly onExhausted: 'skip' | 'hold' | 'stop';
}

/** The one place that decides what becomes of a record whose attempt failed. `attempt` counts from 1. */
export function decide(verdict: Verdict, attempt: number, options: FailureOptions): Decision {
  if (verdict.kind === 'skip') return { kind: 'skip' };
  const { retry, onExhausted } = options;
  const again =
    attempt <= retry.retries &&
    (verdict.kind === 'retry' || (verdict.kind === 'failed' && retry.retryable(verdict.error)));
  if (!again) return { kind: onExhausted };
  const asked = verdict.kind === 'retry' ? verdict.delayMs : undefined;
  return { kind: 'retry', delayMs: asked ?? retry.delayMs(attempt, verdict.error) };
}
