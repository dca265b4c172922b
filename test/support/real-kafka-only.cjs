/** Suites that the embedded broker does not run, and why. Those of test/chaos kill and freeze brokers, and the long ones run once, on the real broker. */
module.exports = [];
