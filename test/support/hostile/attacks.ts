import { registry } from '../../../lib/testing/broker/apis/registry.js';
import { writeRequestHeader } from '../../../lib/testing/broker/protocol/headers.js';
import { Writer } from '../../../lib/testing/broker/protocol/writer.js';
import { framed } from './recorded-requests.js';

/** Draws of one run: the same for the same seed. */
export class Draw {
  constructor(private readonly random: () => number) {}

  /** 0 to `below` − 1. */
  number(below: number): number {
    return Math.floor(this.random() * below);
  }
  of<T>(values: readonly T[]): T {
    return values[this.number(values.length)];
  }
  bytes(atMost: number): Buffer {
    return Buffer.from(Array.from({ length: this.number(atMost + 1) }, () => this.number(256)));
  }
}

export interface Attack {
  readonly bytes: Buffer;
  /** The connection stays open after it, with what it has begun. */
  readonly lingers: boolean;
}
type Kind = (draw: Draw, recorded: readonly Buffer[]) => Attack;

const EXTREMES = [-1, 0, 1, 0x7f, 0xff, 0x7fff, 0x7fff_ffff, -0x8000_0000, 1_000_000, 0x0400_0000];

const kinds: Readonly<Record<string, Kind>> = {
  noise: draw => once(draw.bytes(400)),
  'noise in a frame': draw => once(framed(draw.bytes(400))),
  'noise behind a good header': draw => once(framed(Buffer.concat([header(draw), draw.bytes(200)]))),
  'a recorded request, changed': (draw, recorded) => once(damaged(draw, draw.of(recorded))),
  'a recorded request in another version': (draw, recorded) => once(inAnotherVersion(draw, draw.of(recorded))),
  'a recorded request, cut off, its length right': (draw, recorded) => {
    const content = draw.of(recorded).subarray(4);
    return once(framed(content.subarray(0, draw.number(content.length))));
  },
  'recorded requests without anybody to read the answers': (draw, recorded) => once(Buffer.concat(Array.from({ length: 1 + draw.number(30) }, () => draw.of(recorded)))),
  'gigabytes announced': draw => lingering(framed(draw.bytes(100), draw.of([0x7fff_ffff, 0x4000_0000, 104_857_601, 104_857_600, 50_000_000, -1, -0x8000_0000]))),
  'half a frame': (draw, recorded) => {
    const frame = draw.of(recorded);
    return { bytes: frame.subarray(0, 1 + draw.number(frame.length - 1)), lingers: draw.number(2) === 0 };
  },
};

export function nextAttack(draw: Draw, recorded: readonly Buffer[]): Attack & { readonly kind: string } {
  // What is nearly right gets furthest in.
  const [kind, make] = draw.number(2) === 0 ? draw.of(Object.entries(kinds)) : ['a recorded request, changed', kinds['a recorded request, changed']];
  return { kind, ...make(draw, recorded) };
}

function once(bytes: Buffer): Attack {
  return { bytes, lingers: false };
}
function lingering(bytes: Buffer): Attack {
  return { bytes, lingers: true };
}

function header(draw: Draw): Buffer {
  const api = draw.of([...registry.values()]);
  const [first, last] = api.versions;
  const apiVersion = first + draw.number(last - first + 1);
  const writer = new Writer(apiVersion, api.isFlexible(apiVersion));
  writeRequestHeader(writer, { apiKey: api.key, apiVersion, correlationId: draw.number(1000), clientId: 'hostile' });
  return Buffer.concat(writer.buffers());
}

/** Some bytes are others, some numbers are extreme, and a piece may be there twice or not at all; the length is that of the frame. */
function damaged(draw: Draw, frame: Buffer): Buffer {
  let content = Buffer.from(frame.subarray(4));
  for (let change = 0; change <= draw.number(4); change++) {
    const at = draw.number(content.length);
    const until = at + draw.number(Math.min(40, content.length - at));
    const how = draw.number(4);
    if (how === 0) content[at] = draw.number(256);
    else if (how === 1 && at + 4 <= content.length) content.writeInt32BE(draw.of(EXTREMES) | 0, at);
    else if (how === 2) content = Buffer.concat([content.subarray(0, until), content.subarray(at)]);
    else content = Buffer.concat([content.subarray(0, at), content.subarray(until)]);
  }
  return framed(content);
}

function inAnotherVersion(draw: Draw, frame: Buffer): Buffer {
  const copy = Buffer.from(frame);
  copy.writeInt16BE(draw.number(20), 6);
  return copy;
}
