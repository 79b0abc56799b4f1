// What tests of other packages use: the conformance suites of the ports.

export { testLogConformance, type LogFixture } from './log-conformance.ts'
export { testStateStoreConformance, type StateStoreFixture } from './state-store-conformance.ts'
