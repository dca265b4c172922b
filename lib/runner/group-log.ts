import { Logger, type LoggerService, type LogLevel } from '@nestjs/common';
import type { GroupLog } from '../consumer/group-consumer.js';
import { describeError } from './describe-error.js';

const ORDER: readonly LogLevel[] = ['verbose', 'debug', 'log', 'warn', 'error', 'fatal'];

export interface LogOptions {
  readonly logger?: LoggerService;
  readonly logLevel?: LogLevel;
}

/** Writes to the application's logger, or Nest's, what is at or above the level. Debug lines are off unless they are asked for. */
export function groupLog(context: string, { logger = new Logger(), logLevel = 'log' }: LogOptions): GroupLog {
  const isOn = (level: LogLevel): boolean => ORDER.indexOf(level) >= ORDER.indexOf(logLevel);
  const { debug } = logger;
  return {
    info: (message) => {
      if (isOn('log')) logger.log(message, context);
    },
    warn: (message) => {
      if (isOn('warn')) logger.warn(message, context);
    },
    error: (message, error) => {
      if (isOn('error')) logger.error(error === undefined ? message : `${message}: ${describeError(error)}`, stackOf(error), context);
    },
    debug: isOn('debug') && debug !== undefined ? (message) => void debug.call(logger, message, context) : null,
  };
}

function stackOf(error: unknown): string | undefined {
  return error instanceof Error ? error.stack : undefined;
}
