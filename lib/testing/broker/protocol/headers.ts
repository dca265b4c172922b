import type { Reader } from './reader.js';
import { Writer } from './writer.js';

export interface RequestHeader {
  readonly apiKey: number;
  readonly apiVersion: number;
  readonly correlationId: number;
  readonly clientId: string | null;
}

/** All of a header but the tagged fields, whose presence depends on the API: whoever knows that reads them from the body's reader. */
export function readRequestHeader(from: Reader): RequestHeader {
  return { apiKey: from.int16(), apiVersion: from.int16(), correlationId: from.int32(), clientId: from.classicString() };
}

export function writeRequestHeader(to: Writer, header: RequestHeader): void {
  to.int16(header.apiKey);
  to.int16(header.apiVersion);
  to.int32(header.correlationId);
  to.classicString(header.clientId);
  to.taggedFields();
}

/** What goes over the wire: the length of what follows, the correlation id, tagged fields in a flexible header, and the body. */
export function frameResponse(correlationId: number, flexibleHeader: boolean, body: Writer): Buffer[] {
  const head = new Writer(0, flexibleHeader, 16);
  head.int32(body.length + (flexibleHeader ? 5 : 4));
  head.int32(correlationId);
  head.taggedFields();
  return [...head.buffers(), ...body.buffers()];
}
