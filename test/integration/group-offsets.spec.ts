import { brokerOfTheRun } from '../support/conformance/broker-under-test.js';
import { groupOffsets } from '../support/conformance/group-offsets.js';

describe('Offsets and groups of a broker', () => groupOffsets(brokerOfTheRun));
