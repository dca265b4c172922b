/** A request that has arrived, before anything was done about it. */
export interface SeenRequest {
  /** Kafka's name: `OffsetCommit`. */
  readonly api: string;
  readonly version: number;
  /** Id of the virtual broker that was asked. */
  readonly broker: number;
  readonly clientId: string;
  /** As decoded: the fields of Kafka's protocol in camel case. */
  readonly request: unknown;
}

/** What becomes of a request. */
export type Verdict =
  | { readonly kind: 'pass' }
  /** This error is answered, and nothing is done. */
  | { readonly kind: 'refuse'; readonly error: number }
  /** The connection is closed, and nothing is done. */
  | { readonly kind: 'cut' }
  /** It is done, and the connection is closed instead of an answer. */
  | { readonly kind: 'lose' }
  /** Nothing is done, nothing is answered, here and behind it, until the client gives the connection up. */
  | { readonly kind: 'silence' };

export const PASS: Verdict = { kind: 'pass' };

/** What a fault can wait for. Each promise is kept early where the client gives the connection up. */
export interface Waits {
  delay(ms: number): Promise<void>;
  /** Until a later request fulfils this, over whatever connection. */
  until(matches: (seen: SeenRequest) => boolean): Promise<void>;
}

/**
 * Sees each request. `undefined` says: not mine, ask the next fault. While a promise is open, the request and those behind it
 * on its connection wait.
 *
 * @example
 * kafka.inject(({ api, broker }) => (api === 'Fetch' && broker === 2 ? { kind: 'cut' } : undefined));
 */
export type Fault = (seen: SeenRequest, waits: Waits) => Verdict | Promise<Verdict> | undefined;
