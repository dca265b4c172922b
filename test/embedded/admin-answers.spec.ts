import { embeddedBroker } from '../support/conformance/broker-under-test.js';
import { adminAnswers } from '../support/conformance/admin-answers.js';

describe('The administration of the embedded broker', () => adminAnswers(embeddedBroker));
