import { embeddedBroker } from '../support/conformance/broker-under-test.js';
import { groupRounds } from '../support/conformance/group-rounds.js';

describe('Groups of the embedded broker', () => groupRounds(embeddedBroker));
