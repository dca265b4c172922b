export type { KafkaHealthDetail } from './health-report.js';
export { KafkaHealthIndicator, type KafkaHealthOptions, type KafkaHealthResult, type KafkaLivenessOptions, type KafkaReadinessOptions } from './kafka-health.indicator.js';
