import '../support/on-embedded-kafka.js';
import { kafkajsWireConformance } from '../support/conformance/kafkajs-wire.js';

kafkajsWireConformance('the embedded broker through kafkajs', { compacts: false });
