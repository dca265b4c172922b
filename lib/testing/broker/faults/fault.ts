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

/** What `undefined` says: not mine, ask the next. A promise is a delay: the request and those behind it on its connection wait. */
export type Fault = (seen: SeenRequest) => Verdict | Promise<Verdict> | undefined;

export const PASS: Verdict = { kind: 'pass' };
