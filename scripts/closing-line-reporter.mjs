// A vitest reporter that ends every run with one plain line, 'N passed, N failed', for people and for machines that
// read only the end of a log. It stands after the default reporter, which says everything else.

/** Counts tests; a file that failed to load, and an error outside of any test, count as one failure each. */
export class ClosingLineReporter {
  onTestRunEnd(testModules, unhandledErrors) {
    const counts = { passed: 0, failed: unhandledErrors.length, skipped: 0 }
    for (const testModule of testModules) {
      counts.failed += testModule.errors().length
      for (const test of testModule.children.allTests()) counts[countedAs(test.result().state)]++
    }
    const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''
    console.log(`${counts.passed} passed, ${counts.failed} failed${skipped}`)
  }
}

function countedAs(state) {
  return state === 'pending' ? 'skipped' : state
}
