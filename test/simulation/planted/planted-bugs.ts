// Planted bugs: what an engine, a worker, a client or a log could do wrong, each put into the real code by replacing one
// method for a while. Simulated clusters must find every one.

import {
  BatchBuilder,
  endOfBatch,
  Engine,
  openBatch,
  transactionIn,
  transactionsOf,
  type LogEntry,
} from '@streamy-db/core'
import {
  KeptMessages,
  LockNode,
  Outbox,
  Sessions,
  TransactionsInFlight,
  VotesTransaction,
} from '@streamy-db/core/testing'
import {
  Checkpoints,
  ClusterClient,
  ClusterWorker,
  RequestDesk,
  SequenceWindow,
  TransactionDraft,
} from '@streamy-db/runtime/testing'
import type { Plan } from '../plan.ts'
import { breakGetter, breakMethod } from './break-method.ts'

/** One bug. */
export interface PlantedBug {
  readonly name: string
  /** Plants it; the returned function takes it out. */
  readonly plant: () => () => void
  /** False where the log does not look at whether it is still the one it was. */
  readonly logGuards?: boolean
  /** What plans must have for it to matter. */
  readonly change?: (plan: Plan) => Plan
}

// More than any plan has.
const partitionsMax = 16

/** Every bug that is planted. */
export const plantedBugs: readonly PlantedBug[] = [
  {
    name: 'there is no session table: a request that was answered is run again',
    plant: () =>
      breakMethod(
        Sessions.prototype,
        'decide',
        (decide) =>
          function (this: Sessions, admission, attempt, logTime) {
            const decision = decide.call(this, admission, attempt, logTime)
            return decision.kind === 'answered' ? { kind: 'counts' } : decision
          },
      ),
  },
  {
    name: 'an abort is not passed through: it leaves nothing instead of what was before',
    plant: () =>
      breakMethod(
        LockNode.prototype,
        'resolve',
        (resolve) =>
          function (this: LockNode, resolution) {
            const aborts = resolution.kind === 'none' && this.action.kind === 'write'
            resolve.call(this, aborts ? { kind: 'write', record: undefined } : resolution)
          },
      ),
  },
  {
    name: 'home replies before the transaction has committed: the first vote stands for all',
    plant: () =>
      breakMethod(
        VotesTransaction.prototype,
        'receive',
        (receive) =>
          function (this: VotesTransaction, message) {
            receive.call(this, message)
            if (message.kind !== 'vote') return
            // Whoever is no voter is ignored, and whoever has voted.
            for (let from = 0; from < partitionsMax; from++)
              receive.call(this, { ...message, from, vote: { kind: 'commit', results: [] } })
          },
      ),
  },
  {
    name: 'a vote against is taken for one in favour',
    plant: () =>
      breakMethod(
        VotesTransaction.prototype,
        'receive',
        (receive) =>
          function (this: VotesTransaction, message) {
            if (message.kind !== 'vote' || message.vote.kind === 'commit') return receive.call(this, message)
            return receive.call(this, { ...message, vote: { kind: 'commit', results: [] } })
          },
      ),
  },
  {
    name: 'blind writes are resolved in the order in which they complete',
    plant: () =>
      breakMethod(
        TransactionsInFlight.prototype,
        'enqueue',
        (enqueue) =>
          function (this: TransactionsInFlight, ref, node) {
            const resolve = node.resolve.bind(node)
            node.resolve = (resolution): void => {
              if (resolution.kind === 'write') this.commitRecord(ref, resolution.record, node.position)
              resolve({ kind: 'none' })
            }
            return enqueue.call(this, ref, node)
          },
      ),
    // Where a replica is told results of long ago, later ones may come first.
    change: (plan) => ({
      ...spread(plan),
      faultEveryUs: 2_000_000,
      faults: {
        ...plan.faults,
        'worker crash': 4,
        'worker leaves': 4,
        'worker pause': 4,
        'worker crash, disk lost': 4,
      },
    }),
  },
  {
    name: 'the session table is dropped at a restart',
    plant: () => breakMethod(Sessions.prototype, 'capture', () => () => []),
  },
  {
    name: 'tells are run each time that they are appended',
    plant: () =>
      breakMethod(
        Sessions.prototype,
        'decide',
        (decide) =>
          function (this: Sessions, admission, attempt, logTime) {
            const decision = decide.call(this, admission, attempt, logTime)
            return admission.request.session.startsWith('~') && decision.kind === 'answered'
              ? { kind: 'counts' }
              : decision
          },
      ),
  },
  {
    name: 'the outbox is dropped at a restart',
    plant: () => breakMethod(Outbox.prototype, 'capture', () => () => []),
  },
  {
    name: 'timers are dropped at a restart',
    plant: () => forgetInStore('t'),
  },
  {
    name: 'retained messages are forgotten, and nobody says so',
    plant: () => {
      const restore = [
        breakMethod(KeptMessages.prototype, 'find', () => () => []),
        breakMethod(
          Engine.prototype,
          'takeEffects',
          (takeEffects) =>
            function (this: Engine) {
              const effects = takeEffects.call(this)
              return { ...effects, messages: effects.messages.filter(({ kind }) => kind !== 'unheld') }
            },
        ),
      ]
      return () => restore.forEach((each) => each())
    },
  },
  {
    name: 'peers are never asked again',
    plant: () => breakMethod(Engine.prototype, 'askPeers', () => () => {}),
    change: spread,
  },
  {
    name: 'a miss is not tried again',
    plant: () =>
      breakMethod(
        Engine.prototype,
        'takeEffects',
        (takeEffects) =>
          function (this: Engine) {
            const effects = takeEffects.call(this)
            return { ...effects, submissions: effects.submissions.filter(({ attempt }) => attempt === 1) }
          },
      ),
  },
  {
    name: 'an entry is executed in another order by some (unsorted iteration)',
    plant: () => breakDeliver((entry) => reversed(entry)),
  },
  {
    name: 'log time is another one for some',
    plant: () => breakDeliver((entry) => ({ ...entry, appendTime: entry.appendTime + 1 })),
  },
  {
    name: 'clients are believed everything',
    plant: () => breakDeliver(({ sequence, appendTime, bytes }) => ({ sequence, appendTime, bytes })),
    change: (plan) => ({ ...plan, faults: { ...plan.faults, 'forged entry': 4 } }),
  },
  {
    name: 'a strong read is served without the barrier',
    plant: () =>
      breakMethod(
        ClusterWorker.prototype,
        'barrier',
        () =>
          async function (this: ClusterWorker) {
            return endOfBatch(this.progress.resolved)
          },
      ),
  },
  {
    name: 'queries of a snapshot are answered as of different positions',
    plant: () =>
      breakMethod(
        ClusterClient.prototype,
        'query',
        (query) =>
          function (this: ClusterClient, call, freshness, deadline) {
            return query.call(this, call, freshness.kind === 'at' ? { kind: 'strong' } : freshness, deadline)
          },
      ),
  },
  {
    name: 'a client transaction does not assert what it has read',
    plant: () => breakMethod(TransactionDraft.prototype, 'read', () => () => {}),
  },
  {
    name: 'a request under an idempotency key is sent under a number of its own',
    plant: () =>
      breakMethod(
        RequestDesk.prototype,
        'submitKeyed',
        () =>
          function (this: RequestDesk, draft, deadline, _key, waiter) {
            return this.submit(draft, deadline, waiter)
          },
      ),
  },
  {
    name: 'a client says that it has answers which it has not',
    plant: () => breakGetter(SequenceWindow.prototype, 'answeredBelow', () => () => 1_000_000),
  },
  {
    name: 'a state is flushed beyond the checkpoint that it is for',
    plant: flushBeyond,
  },
  {
    name: 'the log is trimmed above the checkpoints',
    plant: () =>
      breakMethod(
        Checkpoints.prototype,
        'collect',
        (collect) =>
          async function (this: Checkpoints) {
            await collect.call(this)
            const newest = (await this.complete()).at(-1)
            return newest === undefined ? undefined : newest + 50
          },
      ),
  },
  {
    name: 'nobody looks whether the log has lost its end',
    plant: () => () => {},
    logGuards: false,
    change: (plan) => ({ ...plan, rollsBack: true }),
  },
]

// A replica looks at how far the state has come before it saves it, so the engine has to be wrong about that as well.
function flushBeyond(): () => void {
  const wanted = new WeakMap<Engine, number>()
  const restoreCapture = breakMethod(
    Engine.prototype,
    'captureState',
    (captureState) =>
      function (this: Engine, last = Infinity) {
        const capture = captureState.call(this)
        if (capture !== undefined) wanted.set(this, last)
        return capture
      },
  )
  const restoreCaptured = breakGetter(
    Engine.prototype,
    'captured',
    (get) =>
      function (this: Engine) {
        const captured = get.call(this)
        return { ...captured, sequence: Math.min(captured.sequence, wanted.get(this) ?? Infinity) }
      },
  )
  return () => {
    restoreCaptured()
    restoreCapture()
  }
}

// Transactions over several workers, and messages between those that get lost.
function spread(plan: Plan): Plan {
  const lanes = { ...plan.lanes, bank: 2, transactions: 2, lists: 2 }
  return { ...plan, partitions: 6, workers: 3, lanes, links: { ...plan.links, loss: 0.1 }, rollsBack: false }
}

// Every second engine reads something else than what is in the log.
function breakDeliver(change: (entry: LogEntry) => LogEntry): () => void {
  const affected = new WeakMap<Engine, boolean>()
  let engines = 0
  return breakMethod(
    Engine.prototype,
    'deliver',
    (deliver) =>
      function (this: Engine, entry, ...rest) {
        if (!affected.has(this)) affected.set(this, engines++ % 2 === 1)
        return deliver.call(this, affected.get(this) === true ? change(entry) : entry, ...rest)
      },
  )
}

function reversed(entry: LogEntry): LogEntry {
  const batch = openBatch(entry.bytes, { restricted: entry.restrictedTo !== undefined })
  if (batch.kind !== 'transactions') return entry
  const builder = new BatchBuilder()
  for (const found of transactionsOf(batch).toReversed()) builder.add(transactionIn(batch, found), found.partitions)
  return { ...entry, bytes: builder.take() }
}

// Entries of one kind are not stored.
function forgetInStore(prefix: string): () => void {
  return breakMethod(
    Engine.prototype,
    'captureState',
    (captureState) =>
      function (this: Engine, last) {
        const capture = captureState.call(this, last)
        if (capture === undefined) return undefined
        const changes = (): ReturnType<typeof capture.changes> =>
          Array.from(capture.changes()).filter(({ key }) => !key.startsWith(prefix))
        return { ...capture, changes }
      },
  )
}
