// The process of one contestant: starts it, opens workloads, and measures with the client that is here.

import { measure } from '../closed-loop.ts'
import { serveCompanion } from '../companion.ts'
import { startContestant, type Contestant } from '../contestant.ts'
import type { Answer, ContestantQuestions, Failure, Question } from '../contestant-process.ts'
import { measureOpen } from '../open-loop.ts'
import { cpuUsOf } from '../process-usage.ts'
import { Profile } from '../profile.ts'
import { Unsupported } from '../systems/system.ts'
import { workloadSpec } from '../workload-specs.ts'
import { CheckFailed, type Workload } from '../workloads/workload.ts'

let contestant: Contestant | undefined
let workload: Workload | undefined

const answers: ContestantQuestions = {
  async start(input) {
    contestant = await startContestant(input.name, input.directory)
    const { title, durability } = contestant
    return { title, durability }
  },
  async open(name) {
    const { workload: opened, ...port } = await started().open(workloadSpec(name))
    workload = opened
    return { ...port, title: opened.title }
  },
  async measure(load) {
    const before = cpuUsOf(started().processes)
    const measurement = await measure(open(), load)
    const cpuUsPerCall = (cpuUsOf(started().processes) - before) / measurement.callsInAll
    return { ...measurement, cpuUsPerCall }
  },
  measureOpen: (arrivals) => measureOpen(open(), arrivals),
  async profile(load) {
    const profile = await Profile.start()
    await measure(open(), load)
    return await profile.stop()
  },
  check: () => open().check(),
  close: () => started().close(),
}

serveCompanion(async () => ({ status: () => ({}), answer: answerTo }))

async function answerTo({ name, input }: Question): Promise<Answer> {
  // The input is that of the question of this name.
  const ask = answers[name] as (input: Question['input']) => Promise<unknown>
  return await ask(input).then(
    (result) => ({ result }),
    (error: unknown) => ({ failure: failureOf(error) }),
  )
}

function failureOf(error: unknown): Failure {
  if (error instanceof CheckFailed) return { kind: 'wrong', title: error.title, message: error.problem }
  const message = error instanceof Error ? error.message : String(error)
  return { kind: error instanceof Unsupported ? 'unsupported' : 'broken', title: workload?.title ?? '', message }
}

function started(): Contestant {
  if (contestant === undefined) throw new Error('No contestant was started.')
  return contestant
}

function open(): Workload {
  if (workload === undefined) throw new Error('No workload was opened.')
  return workload
}
