import { KafkaNotImplementedError } from '../errors/not-implemented.error.js';
import type { KafkaContext } from '../interfaces/index.js';

/** Not built yet. */
export function createKafkaContext<V>(_partial: {
  value: V;
  topic?: string;
  key?: string | null;
  headers?: Record<string, string>;
  attempt?: number;
}): KafkaContext<V> {
  throw new KafkaNotImplementedError('createKafkaContext');
}
