import '../support/on-embedded-kafka.js';
import '../integration/rebalance.spec.js';
