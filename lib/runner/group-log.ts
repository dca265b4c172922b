import { Logger, type LoggerService, type LogLevel } from '@nestjs/common';
import type { GroupLog } from '../consumer/group-consumer.js';
import { stackOf } from '../consumer/error-text.js';
import { describeError } from './describe-error.js';

const ORDER: readonly LogLevel[] = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'];

export interface LogOptions {
  readonly logger?: LoggerService;
  readonly logLevel?: LogLevel;
}

/**
 * Writes to the application's logger, or Nest's, what is at or above the level. Debug lines are off unless they are asked for.
 * A logger that throws loses its line and stops nothing.
 */
export function groupLog(context: string, { logger = new Logger(), logLevel = 'log' }: LogOptions): GroupLog {
  const writer = (level: LogLevel, write: (message: string, error: unknown) => unknown) => {
    if (ORDER.indexOf(level) < ORDER.indexOf(logLevel)) return null;
    return (message: string, error?: unknown): void => {
      try {
        write(message, error);
      } catch {
        // There is nobody left to tell.
      }
    };
  };
  const off = (): void => {};
  return {
    info: writer('log', (message) => logger.log(message, context)) ?? off,
    warn: writer('warn', (message) => logger.warn(message, context)) ?? off,
    error: writer('error', (message, error) => logger.error(error === undefined ? message : `${message}: ${describeError(error)}`, stackOf(error), context)) ?? off,
    debug: logger.debug === undefined ? null : writer('debug', (message) => logger.debug?.(message, context)),
  };
}
