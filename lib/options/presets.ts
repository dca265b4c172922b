import type { KafkaConsumerOptions, KafkaPreset } from '../interfaces/index.js';

type PresetOptions = Omit<KafkaConsumerOptions, 'groupId' | 'preset'>;

/** Starting points of a group; whatever stands beside `preset` wins. */
const PRESETS: Readonly<Partial<Record<KafkaPreset, PresetOptions>>> = {
  balanced: {},
  oneAtATime: { concurrency: 1, ordering: 'partition', commit: { strategy: 'immediate' } },
};

export function presetOptions(preset: KafkaPreset = 'balanced'): PresetOptions {
  return PRESETS[preset] ?? {};
}
