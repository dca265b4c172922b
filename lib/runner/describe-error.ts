import { HttpException } from '@nestjs/common';
import { safely } from '../consumer/error-text.js';

/** An error in a line of the log: name, message, and what a ValidationPipe found, which its message does not say. */
export function describeError(error: unknown): string {
  return safely(() => {
    if (!(error instanceof Error)) return String(error);
    const reasons = error instanceof HttpException ? reasonsOf(error.getResponse()) : null;
    return `${error.name}: ${error.message}${reasons === null || reasons === error.message ? '' : ` (${reasons})`}`;
  });
}

function reasonsOf(response: string | object): string | null {
  if (typeof response === 'string') return response;
  const message = 'message' in response ? response.message : null;
  if (Array.isArray(message)) return message.map(String).join('; ');
  return typeof message === 'string' ? message : null;
}
