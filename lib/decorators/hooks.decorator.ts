import { KafkaConfigurationError } from '../errors/configuration.error.js';
import type { KafkaEvent } from '../interfaces/index.js';
import { MethodMetadata } from './metadata.js';

export interface HookDeclaration {
  readonly kind: 'assigned' | 'revoked';
  /** Absent: every group. */
  readonly groupId: string | undefined;
}
export interface EventDeclaration {
  readonly type: KafkaEvent['type'];
  /** Absent: every group. */
  readonly groupId: string | undefined;
}

export const hookMetadata = new MethodMetadata<HookDeclaration>('hook');
export const eventMetadata = new MethodMetadata<EventDeclaration>('event');

/**
 * Called with a `KafkaPartitions` before the first record of newly assigned partitions, and awaited: restore state, warm up. Of
 * this group, or of every group. Partitions that were kept are not named. One that throws is logged, and the rest goes on.
 */
export function OnPartitionsAssigned(groupId?: string): MethodDecorator {
  return declare('OnPartitionsAssigned', (target, method) => hookMetadata.add(target, method, { kind: 'assigned', groupId }));
}

/**
 * Called with a `KafkaPartitions` when partitions are given up, after their handlers have ended and before their last commit,
 * and awaited: save state. With reason 'lost' they are gone already, and nothing of them is committed.
 */
export function OnPartitionsRevoked(groupId?: string): MethodDecorator {
  return declare('OnPartitionsRevoked', (target, method) => hookMetadata.add(target, method, { kind: 'revoked', groupId }));
}

/** Called with each `KafkaEvent` of this type, of one group or of all. Never awaited; what it throws is logged. */
export function OnKafkaEvent<T extends KafkaEvent['type']>(type: T, groupId?: string): MethodDecorator {
  return declare('OnKafkaEvent', (target, method) => eventMetadata.add(target, method, { type, groupId }));
}

function declare(decorator: string, add: (target: object, method: string | symbol) => void): MethodDecorator {
  return (target, method) => {
    if (typeof target === 'function') {
      throw new KafkaConfigurationError(`@${decorator} on ${target.name}.${String(method)}`, 'the method is static, and Nest has no instance to call it on.');
    }
    add(target, method);
  };
}
