import '../support/on-embedded-kafka.js';
import '../integration/rebalance-mixed.spec.js';
