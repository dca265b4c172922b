import { brokerOfTheRun } from '../support/conformance/broker-under-test.js';
import { fetchAnswers } from '../support/conformance/fetch-answers.js';

describe('Reading from a real broker', () => fetchAnswers(brokerOfTheRun));
