import { brokerOfTheRun } from '../support/conformance/broker-under-test.js';
import { adminAnswers } from '../support/conformance/admin-answers.js';

describe('The administration of a broker', () => adminAnswers(brokerOfTheRun));
