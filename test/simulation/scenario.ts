// Scenario: one run, from its seed to its verdict. A cluster is set up and its clients work; faults come, one after the
// other and at once; then everything is healed, and it must get on and come to rest; then it is judged.

import type { Database } from '@streamy-db/runtime'
import { Dice } from '../differential/dice.ts'
import { faultNames, type FaultName } from './faults/fault-names.ts'
import { faults, type Scene } from './faults/faults.ts'
import { judgeHistories } from './judgement/judge-histories.ts'
import { judgeRun, type JudgedRun } from './judgement/judge-run.ts'
import { ReplyWitness } from './judgement/reply-witness.ts'
import { openAccounts } from './load/open-accounts.ts'
import { openCollections } from './load/document-operations.ts'
import { withLayerLimits } from './load/layer-limits.ts'
import { Recorder } from './load/recorder.ts'
import { drawPlan, type Plan } from './plan.ts'
import { SimulatedClient } from './simulated-client.ts'
import { SimulatedCluster, type Violation } from './simulated-cluster.ts'
import { SimulatedWorker } from './simulated-worker.ts'
import { goodLinks } from './world/link.ts'
import { goodDisk } from './world/simulated-disk.ts'

const SECOND = 1_000_000
/** How long it may take until everybody is set up, each lane has got on, and all is at rest. */
const setUpWithinUs = 60 * SECOND
const progressWithinUs = 90 * SECOND
const restWithinUs = 120 * SECOND
const answersWanted = 3
const lookEveryUs = 100_000
const noticesWithinUs = 3 * SECOND

/** How a run is made beside what its seed says. */
export interface ScenarioOptions {
  readonly seed: string
  /** Keeps the trace's lines. */
  readonly keepsLines?: boolean
  /** Whether logs look at whether they are still the ones they were. */
  readonly logGuards?: boolean
  /** Changes the plan of the seed. */
  readonly change?: (plan: Plan) => Plan
}

/** What came of a run. */
export interface RunResult {
  readonly plan: Plan
  readonly traceHash: string
  readonly lines: readonly string[]
  readonly violations: readonly Violation[]
  readonly undecided: readonly string[]
  readonly virtualUs: number
  readonly events: number
  readonly entries: number
  readonly operations: Recorder['outcomes']
  readonly faults: ReadonlyMap<string, number>
}

/** One run. */
export class Scenario {
  readonly #plan: Plan
  readonly #cluster: SimulatedCluster
  readonly #recorder: Recorder
  readonly #witness: ReplyWitness
  readonly #workers: SimulatedWorker[] = []
  readonly #clients: SimulatedClient[] = []
  readonly #dice: Dice
  readonly #counted = new Map<string, number>()
  readonly #endings = new Set<() => void>()
  readonly #logGuards: boolean
  readonly #undecided: string[] = []
  readonly #recentRequests: string[] = []
  #unique = 0

  constructor({ seed, keepsLines = false, logGuards = true, change = (plan) => plan }: ScenarioOptions) {
    this.#plan = change(drawPlan(seed))
    this.#logGuards = logGuards
    this.#dice = new Dice(`faults ${seed}`)
    this.#cluster = new SimulatedCluster(seed, this.#plan.partitions, keepsLines)
    this.#recorder = new Recorder(() => this.#cluster.schedule.now)
    this.#witness = new ReplyWitness(this.#cluster)
  }

  /** Runs it to its end. */
  async run(): Promise<RunResult> {
    const onRejection = (error: unknown): void => this.#cluster.violated('unhandled rejection', describeError(error))
    process.on('unhandledRejection', onRejection)
    let judged: JudgedRun = { violations: [], undecided: [] }
    try {
      await withLayerLimits(this.#plan.indexNodeItems, async () => {
        if (await this.#goesThrough()) judged = await this.#judge()
      })
    } catch (error) {
      this.#cluster.violated('uncaught exception', describeError(error))
    } finally {
      process.off('unhandledRejection', onRejection)
    }
    return this.#result(judged)
  }

  // False when it got stuck: then there is nothing to be judged beyond that.
  async #goesThrough(): Promise<boolean> {
    if (!(await this.#setUp())) return false
    this.#cluster.links.conditions = this.#plan.links
    for (const { disk } of this.#workers) disk.conditions = this.#plan.disk
    await this.#goThroughFaults()
    this.#heal()
    if (this.#plan.rollsBack) return await this.#rollBack()
    return (await this.#getOn()) && (await this.#comeToRest())
  }

  async #setUp(): Promise<boolean> {
    const { workers, clients } = this.#plan
    for (let number = 0; number < workers; number++) this.#newWorker().start()
    const shared = {
      now: () => this.#cluster.schedule.now,
      unique: () => ++this.#unique,
      recentRequests: this.#recentRequests,
    }
    for (let number = 0; number < clients; number++) {
      const load = { plan: this.#plan, recorder: this.#recorder, shared }
      this.#clients.push(new SimulatedClient(`client-${number}`, this.#cluster, load))
    }
    for (const client of this.#clients) client.start(false)
    const connected = (): boolean => this.#clients.every(({ db }) => db !== undefined)
    if (!(await this.#until(connected, setUpWithinUs, 'clients to connect'))) return false
    let opened = false
    this.#openAll(this.#clients[0]!.db!).then(
      () => (opened = true),
      (error: unknown) => this.#cluster.violated('error', `opening accounts ended with ${describeError(error)}`),
    )
    if (!(await this.#until(() => opened, setUpWithinUs, 'accounts to be opened'))) return false
    for (const client of this.#clients) client.work()
    return true
  }

  async #openAll(db: Database): Promise<void> {
    await openAccounts(db)
    if (this.#plan.lanes.documents > 0) await openCollections(db)
  }

  async #goThroughFaults(): Promise<void> {
    const { schedule } = this.#cluster
    const end = schedule.now + this.#plan.faultyUs
    const weights = Object.fromEntries(faultNames.map((name) => [name, this.#plan.faults[name]])) as Record<
      FaultName,
      number
    >
    const hasAny = faultNames.some((name) => weights[name] > 0)
    const scene = this.#scene()
    while (schedule.now < end && this.#cluster.violations.length === 0) {
      await schedule.runWhile(() => true, Math.min(end, schedule.now + this.#dice.below(2 * this.#plan.faultEveryUs)))
      if (!hasAny || schedule.now >= end) continue
      const name = this.#dice.weighted(weights)
      this.#count(name)
      this.#cluster.ground.trace.note(`fault: ${name}`)
      faults[name](scene)
    }
  }

  #scene(): Scene {
    return {
      plan: this.#plan,
      dice: this.#dice,
      cluster: this.#cluster,
      workers: this.#workers,
      clients: this.#clients,
      newWorker: () => this.#newWorker(),
      later: (delayUs, end) => {
        const once = (): void => {
          if (this.#endings.delete(once)) end()
        }
        this.#endings.add(once)
        this.#cluster.schedule.after(delayUs, once)
      },
      forgetRequests: () => this.#recentRequests.splice(0),
      count: (what) => this.#count(what),
    }
  }

  // Everything works from now on, and all clocks are right, or all wrong alike where log time was set forward.
  #heal(): void {
    this.#cluster.ground.trace.note('everything is healed')
    for (const end of Array.from(this.#endings)) end()
    this.#cluster.links.conditions = goodLinks
    const { server } = this.#cluster
    server.clockOffsetUs = this.#furthestOffset()
    for (const { machine } of [...this.#workers, ...this.#clients]) machine.clockOffsetUs = server.clockOffsetUs
    for (const worker of this.#workers) {
      worker.disk.conditions = goodDisk
      worker.process?.goOn()
      worker.start()
    }
    for (const client of this.#clients) client.process?.goOn()
  }

  #furthestOffset(): number {
    let furthest = 0
    let at = 0
    for (const { appendTime } of this.#cluster.server.entries) at = Math.max(at, appendTime)
    furthest = Math.max(0, at - this.#cluster.schedule.now)
    return furthest
  }

  // Each lane must be answered some times.
  async #getOn(): Promise<boolean> {
    for (const { answeredByLane } of this.#clients) answeredByLane.clear()
    const behind = (): readonly string[] =>
      this.#clients.flatMap(({ name, lanes, answeredByLane }) =>
        lanes.filter((lane) => (answeredByLane.get(lane) ?? 0) < answersWanted).map((lane) => `${name} ${lane}`),
      )
    return await this.#until(
      () => behind().length === 0,
      progressWithinUs,
      () => `lanes to get on: ${behind().join()}`,
    )
  }

  // The load ends; every worker is ready and owns what it is meant to, and nothing is left to be done.
  async #comeToRest(): Promise<boolean> {
    for (const client of this.#clients) client.stop()
    const idle = (): boolean => this.#clients.every(({ isBusy }) => !isBusy)
    if (!(await this.#until(idle, progressWithinUs, 'calls to end'))) return false
    const ready = (): boolean => this.#workers.every((worker) => isReady(worker))
    if (!(await this.#until(ready, restWithinUs, () => `workers to be ready: ${this.#describeWorkers()}`))) return false
    return true
  }

  async #rollBack(): Promise<boolean> {
    const { server, schedule } = this.#cluster
    this.#count('log falls back')
    // What was acknowledged until now must hold; from now on nothing does, but that nobody serves what is no more.
    const { violations, undecided } = judgeHistories(this.#recorder)
    this.#undecided.push(...undecided)
    for (const { kind, explanation } of violations) this.#cluster.violated(kind, explanation)
    server.stop()
    server.rollBack(1 + this.#dice.below(20))
    const mustHalt = this.#workers.flatMap(({ heard, process }) => (process && heard > server.tail ? [process] : []))
    await schedule.runWhile(() => true, schedule.now + this.#dice.below(3 * SECOND))
    server.start(true)
    // What it had done before may still be on its way; one that waits for others which have halted does nothing any more.
    const noticedAt = schedule.now + noticesWithinUs
    await schedule.runWhile(() => true, noticedAt + 10 * noticesWithinUs)
    const serving = mustHalt.filter((each) => !each.isDead && (this.#witness.lastReplyAt.get(each) ?? 0) > noticedAt)
    for (const { name } of serving)
      this.#cluster.violated('serves another log', `${name} has read what the log has lost, and goes on replying`)
    return false
  }

  #judge(): Promise<JudgedRun> {
    return judgeRun({
      cluster: this.#cluster,
      plan: this.#plan,
      recorder: this.#recorder,
      witness: this.#witness,
      workers: this.#workers,
      db: this.#clients[0]!.db!,
      until: (condition, withinUs, what) => this.#until(condition, withinUs, what),
    })
  }

  async #until(condition: () => boolean, withinUs: number, what: string | (() => string)): Promise<boolean> {
    const { schedule, violations } = this.#cluster
    const end = schedule.now + withinUs
    while (schedule.now < end && violations.length === 0) {
      if (condition()) return true
      await schedule.runWhile(() => violations.length === 0, Math.min(end, schedule.now + lookEveryUs))
    }
    if (violations.length > 0) return false
    if (condition()) return true
    const waited = `waited ${withinUs / SECOND} s for ${typeof what === 'string' ? what : what()}`
    this.#cluster.violated('no progress', `${waited}; ${this.#describeWorkers()}`)
    return false
  }

  #newWorker(): SimulatedWorker {
    const { worker: settings, publishWithinUs } = this.#plan
    const world = { settings, publishWithinUs, logGuards: this.#logGuards }
    const worker = new SimulatedWorker(`worker-${this.#workers.length}`, this.#cluster, world)
    this.#workers.push(worker)
    return worker
  }

  #describeWorkers(): string {
    return this.#workers
      .map(({ name, isUp, wanted, status, stoppedWith }) => {
        const members = status?.view?.members.map((member) => `${member.name} ${member.phase}`).join(', ')
        const stopped = stoppedWith === undefined ? '' : `, stopped with ${stoppedWith.message}`
        return `${name} is ${isUp ? 'up' : 'down'}${wanted ? '' : ', not wanted'}, owns ${status?.owned.length ?? 'nothing'}, sees ${members ?? 'no view'}${stopped}`
      })
      .join('; ')
  }

  #count(what: string): void {
    this.#counted.set(what, (this.#counted.get(what) ?? 0) + 1)
  }

  #result({ violations, undecided }: JudgedRun): RunResult {
    const { ground, server, elapsedUs, schedule } = this.#cluster
    if (server.repeats > 0) this.#counted.set('entry appended twice', server.repeats)
    return {
      plan: this.#plan,
      traceHash: ground.trace.hash,
      lines: ground.trace.lines,
      violations: [...this.#cluster.violations, ...violations],
      undecided: [...this.#undecided, ...undecided],
      virtualUs: elapsedUs,
      events: schedule.happened,
      entries: server.tail,
      operations: { ...this.#recorder.outcomes, unknown: this.#recorder.outcomes.unknown + this.#recorder.open },
      faults: this.#counted,
    }
  }
}

function isReady({ wanted, status, name }: SimulatedWorker): boolean {
  if (!wanted) return true
  const view = status?.view
  if (view === undefined) return false
  const member = view.members.find((each) => each.name === name)
  return (
    member?.phase === 'ready' &&
    member.incarnation === status!.incarnation &&
    view.owners.every((owner) => owner !== undefined)
  )
}

function describeError(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}
