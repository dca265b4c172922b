export { type KafkaHealthDetail, KafkaHealthIndicator, type KafkaHealthOptions, type KafkaHealthResult } from './kafka-health.indicator.js';
