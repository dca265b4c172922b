import { Injectable } from '@nestjs/common';
import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import type { KafkaConsumerStats } from '../interfaces/index.js';

/** What a check carries beside Terminus's `status`. */
export interface KafkaHealthDetail {
  reason?: string;
  groups: Record<string, { state: KafkaConsumerStats['state']; lag: number | null; partitions: number }>;
  stuck: { groupId: string; topic: string; partition: number; offset: number; ageMs: number }[];
}
export interface KafkaHealthOptions {
  connection?: string;
  groups?: string[];
}
/** In the form of Terminus's HealthIndicatorResult. */
export type KafkaHealthResult<K extends string> = Record<K, { status: 'up' | 'down' } & Record<string, unknown>>;

/** Not built yet. */
@Injectable()
export class KafkaHealthIndicator {
  isStarted<const K extends string>(_key: K, _options?: KafkaHealthOptions): KafkaHealthResult<K> {
    throw new KafkaNotImplementedError('KafkaHealthIndicator.isStarted');
  }

  isLive<const K extends string>(_key: K, _options?: KafkaHealthOptions & { stuckMs?: number; stalledMs?: number }): KafkaHealthResult<K> {
    throw new KafkaNotImplementedError('KafkaHealthIndicator.isLive');
  }

  isReady<const K extends string>(_key: K, _options?: KafkaHealthOptions & { maxLag?: number }): Promise<KafkaHealthResult<K>> {
    return Promise.reject(new KafkaNotImplementedError('KafkaHealthIndicator.isReady'));
  }
}
