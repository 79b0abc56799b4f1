// What the demonstration of a cluster shares with the tests: a cluster as processes, load on it, and its judgement.

export type { ReportedView } from './child-report.ts'
export { Fleet } from './fleet.ts'
export { Completions, historyNowUs, type Stretch } from './gaps.ts'
export { judge, readHistories, totalOf, type Judgement } from './judgement.ts'
export { totalOfAll } from './workloads.ts'
