import { Injectable } from '@nestjs/common';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import type { KafkaDeadLetterFilter, KafkaRecord } from '../interfaces/index.js';

/** Not built yet. */
@Injectable()
export class KafkaDeadLetterService {
  for(_connection: string): KafkaDeadLetterService {
    return this;
  }

  list(_deadLetterTopic: string, _filter?: KafkaDeadLetterFilter): AsyncIterable<KafkaRecord<Buffer | null>> {
    throw new KafkaNotImplementedError('KafkaDeadLetterService.list');
  }

  replay(
    _deadLetterTopic: string,
    _filter?: KafkaDeadLetterFilter,
    _options?: { to?: string; ratePerSecond?: number; dryRun?: boolean; maxReplays?: number; resumeAs?: string },
  ): Promise<{ replayed: number; skipped: number; failed: number }> {
    return Promise.reject(new KafkaNotImplementedError('KafkaDeadLetterService.replay'));
  }
}
