// `npm run sim`: runs simulated clusters, one seed after the other, and says what came of them. Ends with 0 when nothing
// that was promised broke, with 1 when something did, and with 2 for arguments it does not know.

import { Scenario } from './scenario.ts'
const seed = process.argv[2] ?? '1'
for (let n = 0; n < Number(process.argv[3] ?? 1); n++) {
  const started = performance.now()
  const r = await new Scenario({ seed: String(Number(seed) + n), keepsLines: process.argv[4] === 'v' }).run()
  if (process.argv[4] === 'v') console.log(r.lines.join('\n'))
  console.log(
    r.plan.seed,
    r.traceHash,
    `${Math.round(performance.now() - started)} ms`,
    (r.virtualUs / 1e6).toFixed(0),
    's',
    r.events,
    r.entries,
    JSON.stringify(r.operations),
    JSON.stringify([...r.faults].length),
    r.violations.map((v) => `${v.kind}: ${v.explanation.slice(0, 1500)}`).join('\n'),
    r.undecided.join('\n').slice(0, 200),
  )
}
