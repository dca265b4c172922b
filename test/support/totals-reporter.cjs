const { writeSync } = require('node:fs');

/** The last line of a test run: `123 passed, 0 failed`. A suite that could not run at all counts as one that failed. */
module.exports = class TotalsReporter {
  onRunComplete(_, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, numPendingTests, numTodoTests }) {
    const skipped = numPendingTests + numTodoTests;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    // Other reporters buffer what they write; at the exit all of it is out.
    process.once('exit', () => writeSync(1, `\n${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`));
  }
};
