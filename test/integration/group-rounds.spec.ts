import { brokerOfTheRun } from '../support/conformance/broker-under-test.js';
import { groupRounds } from '../support/conformance/group-rounds.js';

describe('Groups of a broker', () => groupRounds(brokerOfTheRun));
