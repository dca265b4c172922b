import { registry } from '../apis/registry.js';
import { describeErrorCode } from '../protocol/error-codes.js';
import { type Fault, PASS, type SeenRequest, type Verdict, type Waits } from './fault.js';

/** A fault in words. At least one of `error`, `delayMs`, `drop`, `loseAnswer`, `silent` and `holdUntil` says what happens. */
export interface FaultOptions {
  /** Kafka's name of the API: `Produce`, `OffsetCommit`. All where absent. */
  api?: string;
  /** Of the requests that the other fields choose, those for which this is true. */
  when?: (seen: SeenRequest) => boolean;
  /** How many requests it strikes. Every one where absent. */
  times?: number;
  /** This error code is answered, wherever the response can say one, and nothing is done. */
  error?: number;
  /** Milliseconds before anything else happens to the request; those behind it on its connection wait, too. */
  delayMs?: number;
  /** The connection is closed, and nothing is done. */
  drop?: boolean;
  /** The request is done, and the connection is closed instead of an answer. */
  loseAnswer?: boolean;
  /** Nothing is done and nothing is answered, to this request and those behind it on its connection. */
  silent?: boolean;
  /** The request waits until a later one is seen: of this API, or one for which this is true. */
  holdUntil?: string | ((seen: SeenRequest) => boolean);
}

/** A row of the table of faults. */
export interface FaultState {
  /** `Produce, twice: NOT_LEADER_OR_FOLLOWER (6)` */
  readonly fault: string;
  readonly fired: number;
  /** How often it would still strike; `Infinity` without a limit. */
  readonly left: number;
}

/** A fault in words as a function, which counts how often it struck. */
export class InjectedFault {
  private count = 0;

  /** @throws Error for a fault that could never strike, or would do nothing. */
  constructor(private readonly options: FaultOptions) {
    checkApi(options.api);
    if (typeof options.holdUntil === 'string') checkApi(options.holdUntil);
    const { times, delayMs, error } = options;
    if (times !== undefined && !(Number.isInteger(times) && times > 0)) throw new Error(`A fault strikes a number of times from 1 on, not ${times}.`);
    if (delayMs !== undefined && !(delayMs >= 0)) throw new Error(`A fault cannot delay for ${delayMs} ms.`);
    if (error !== undefined && !(Number.isInteger(error) && Math.abs(error) < 2 ** 15)) throw new Error(`${error} is no error code of Kafka's.`);
    const ends = ENDS.filter(([name]) => options[name] !== undefined && options[name] !== false);
    if (ends.length > 1) throw new Error(`A fault ends a request in one way, and not with ${ends.map(([name]) => name).join(' and ')}.`);
    if (ends.length === 0 && delayMs === undefined && options.holdUntil === undefined) throw new Error('A fault says what happens: error, delayMs, drop, loseAnswer, silent or holdUntil.');
  }

  readonly strike: Fault = (seen, waits) => {
    const { api, when, times = Infinity } = this.options;
    if (this.count >= times || (api !== undefined && api !== seen.api) || when?.(seen) === false) return undefined;
    this.count++;
    return this.waitsFirst ? this.wait(waits).then(() => this.verdict()) : this.verdict();
  };

  get state(): FaultState {
    return { fault: this.describe(), fired: this.count, left: (this.options.times ?? Infinity) - this.count };
  }

  /** It has not struck as often as it should. */
  get isPending(): boolean {
    return this.count < (this.options.times ?? 1);
  }

  private get waitsFirst(): boolean {
    return this.options.delayMs !== undefined || this.options.holdUntil !== undefined;
  }

  private async wait({ delay, until }: Waits): Promise<void> {
    const { delayMs, holdUntil } = this.options;
    if (delayMs !== undefined) await delay(delayMs);
    if (holdUntil !== undefined) await until(typeof holdUntil === 'string' ? ({ api }) => api === holdUntil : holdUntil);
  }

  private verdict(): Verdict {
    const { error, drop, loseAnswer, silent } = this.options;
    if (error !== undefined) return { kind: 'refuse', error };
    if (drop === true) return { kind: 'cut' };
    if (loseAnswer === true) return { kind: 'lose' };
    return silent === true ? { kind: 'silence' } : PASS;
  }

  private describe(): string {
    const { api, when, times, delayMs, holdUntil, error } = this.options;
    const who = `${api ?? 'any request'}${when === undefined ? '' : ' that fulfils a condition'}${times === undefined ? '' : `, ${times} times`}`;
    const waits = [
      delayMs === undefined ? '' : `${delayMs} ms later`,
      holdUntil === undefined ? '' : `after ${typeof holdUntil === 'string' ? holdUntil : 'a request that fulfils a condition'}`,
    ];
    const end = error === undefined ? (ENDS.find(([name]) => this.options[name] === true)?.[1] ?? '') : describeErrorCode(error);
    return `${who}: ${[...waits, end].filter(part => part !== '').join(', ')}`;
  }
}

const ENDS = [
  ['error', 'an error'],
  ['drop', 'the connection is cut'],
  ['loseAnswer', 'the answer is lost'],
  ['silent', 'no answer'],
] as const;

function checkApi(name: string | undefined): void {
  const known = [...registry.values()].map(api => api.name);
  if (name === undefined || known.includes(name)) return;
  throw new Error(`The embedded broker serves no API named '${name}'. It serves ${known.sort().join(', ')}.`);
}
