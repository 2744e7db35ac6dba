/** Ends a test run with one plain line, `N passed, N failed`, which continuous integration reads. */
export default class ClosingLineReporter {
  onRunComplete(_contexts, results) {
    // A file that does not load has no failed tests of its own; it counts as one failure.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.stdout.write(`\n${results.numPassedTests} passed, ${failed} failed\n`);
  }
}
