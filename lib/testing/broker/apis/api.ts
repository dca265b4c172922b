import type { Cluster } from '../cluster.js';
import type { Node } from '../nodes.js';
import { ProtocolError } from '../protocol/protocol.error.js';
import type { Reader } from '../protocol/reader.js';
import type { Type } from '../protocol/types.js';
import { Writer } from '../protocol/writer.js';

/** What a handler knows beside the request. */
export interface RequestContext {
  readonly cluster: Cluster;
  /** The virtual broker that was asked. */
  readonly node: Node;
  readonly version: number;
  readonly clientId: string;
  /** As Kafka names it to group members: `/127.0.0.1`. */
  readonly clientHost: string;
  /** Runs once if the connection closes before the answer is there. Answers a function that takes it back. */
  onClose(work: () => void): () => void;
}

/** The answer, now or later; null where the client waits for none. Until it is there, its connection waits, as Kafka's does. */
export type Handled<Res> = Res | null | Promise<Res | null>;

/** One API: one file in this folder (or in `groups/apis`, `transactions/apis`), whose header says what it leaves out. */
export interface ApiDefinition<Req, ReqW, ResR, Res> {
  readonly key: number;
  /** Kafka's name for it: `JoinGroup`. Faults and the history of requests use it. */
  readonly name: string;
  /** Lowest and highest version, both included. ApiVersions announces them. */
  readonly versions: readonly [number, number];
  /** What ApiVersions says instead of the lowest version, where clients must be told of versions that are refused. */
  readonly announcedFrom?: number;
  /** The first version with compact types and tagged fields; `Infinity` where no version has them. */
  readonly flexibleFrom: number;
  readonly request: Type<Req, ReqW>;
  readonly response: Type<ResR, Res>;
  /**
   * Changes the cluster's state, and says what the answer is. Runs to its end, or to its first `await`, without anybody else.
   * A `ProtocolError` closes the connection.
   */
  handle(request: Req, context: RequestContext): Handled<Res>;
  /** The answer that says this error wherever the response can say one. For faults, and for handlers that refuse a request as a whole. */
  refuse(request: Req, error: number, context: RequestContext): Res;
  /** What the history of requests keeps, where that is not the request: nothing that pins large buffers. */
  remembered?(request: Req): unknown;
}

/** One request of one API, whose types the server need not know. */
export interface Call {
  readonly request: unknown;
  readonly remembered: unknown;
  handle(context: RequestContext): Handled<Writer>;
  refuse(error: number, context: RequestContext): Writer;
}

export interface Api<Req = unknown, ReqW = unknown, ResR = unknown, Res = unknown> extends Omit<ApiDefinition<Req, ReqW, ResR, Res>, 'handle' | 'refuse' | 'remembered'> {
  isFlexible(version: number): boolean;
  /** @throws ProtocolError where the bytes are no such request, or where some are left over. */
  decode(from: Reader): Call;
}

export function defineApi<Req, ReqW, ResR, Res>(definition: ApiDefinition<Req, ReqW, ResR, Res>): Api<Req, ReqW, ResR, Res> {
  const { key, name, versions, announcedFrom, flexibleFrom, request, response } = definition;
  const isFlexible = (version: number) => version >= flexibleFrom;
  const decode = (from: Reader): Call => {
    const decoded = request.read(from);
    if (from.remaining > 0) throw new ProtocolError(`${from.remaining} bytes follow a ${name} request of version ${from.version}`);
    const encode = (answer: Res): Writer => {
      const writer = new Writer(from.version, isFlexible(from.version));
      response.write(writer, answer);
      return writer;
    };
    const encodeAny = (answer: Res | null) => (answer === null ? null : encode(answer));
    return {
      request: decoded,
      remembered: definition.remembered === undefined ? decoded : definition.remembered(decoded),
      handle(context) {
        const answer = definition.handle(decoded, context);
        return answer instanceof Promise ? answer.then(encodeAny) : encodeAny(answer);
      },
      refuse: (error, context) => encode(definition.refuse(decoded, error, context)),
    };
  };
  return { key, name, versions, announcedFrom, flexibleFrom, request, response, isFlexible, decode };
}
