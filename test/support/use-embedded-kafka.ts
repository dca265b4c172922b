/** Before each suite of the project `embedded`: `testBrokers()` names the embedded broker, although the run may have a real one as well. */
process.env['TEST_KAFKA_BROKERS'] = process.env['TEST_EMBEDDED_BROKERS'];
