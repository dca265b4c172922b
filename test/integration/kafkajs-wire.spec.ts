import { kafkajsWireConformance } from '../support/conformance/kafkajs-wire.js';

kafkajsWireConformance('Kafka through kafkajs');
