// The simulated parts keep the contracts of the real ones as long as no fault is asked for.

import { MemoryCheckpointStore } from '@streamy-db/core'
import {
  testCheckpointStoreConformance,
  testLogConformance,
  testMessageBusConformance,
  testStateStoreConformance,
} from '@streamy-db/core/testing'
import { testStateShelfConformance, type ShelvedStore } from '@streamy-db/runtime/testing'
import { Dice } from '../../differential/dice.ts'
import { Links } from './link.ts'
import { LogServer } from './log-server.ts'
import { Schedule } from './schedule.ts'
import { SimulatedCheckpointStore } from './simulated-checkpoint-store.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { SimulatedLog } from './simulated-log.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedProcess, type Ground } from './simulated-process.ts'
import { Trace } from './trace.ts'

/** A world whose time goes on by itself until it is discarded. */
class RunningWorld {
  readonly ground: Ground
  readonly links: Links
  #discarded = false

  constructor() {
    const schedule = new Schedule(1_700_000_000_000_000)
    const dice = new Dice('conformance')
    this.ground = { schedule, dice, trace: new Trace(() => schedule.now, false) }
    this.links = new Links(dice)
    void this.#run()
  }

  readonly process = (name: string): SimulatedProcess => new SimulatedProcess({ name, clockOffsetUs: 0 }, this.ground)

  readonly discard = async (): Promise<void> => {
    this.#discarded = true
  }

  async #run(): Promise<void> {
    const { schedule } = this.ground
    while (!this.#discarded) {
      await schedule.runWhile(() => !this.#discarded, schedule.now + 1_000_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

testLogConformance('the simulated log', async () => {
  const { ground, links, discard, process } = new RunningWorld()
  const server = new LogServer(ground)
  const open = async (): Promise<SimulatedLog> => new SimulatedLog({ process: process('one'), links, server })
  return { durable: true, open, discard }
})

testMessageBusConformance('the simulated network', async () => {
  const { ground, links, discard, process } = new RunningWorld()
  const network = new SimulatedNetwork(links)
  let processes = 0
  return {
    connect: async () => network.connect(process(`process-${processes++}`)),
    settle: () => ground.schedule.wait(10_000),
    discard,
  }
})

testCheckpointStoreConformance('the simulated checkpoint store', async () => {
  const { links, discard, process } = new RunningWorld()
  const store = new MemoryCheckpointStore()
  const open = async (): Promise<SimulatedCheckpointStore> =>
    new SimulatedCheckpointStore({ process: process('one'), links, available: () => true }, store)
  return { durable: true, open, discard }
})

testStateStoreConformance('a simulated disk', async () => {
  const { discard, process } = new RunningWorld()
  const disk = new SimulatedDisk()
  let shelved: ShelvedStore | undefined
  const open = async (): Promise<ShelvedStore['store']> => {
    const shelf = disk.shelf(process('one'))
    shelved = shelved === undefined ? await shelf.create() : (await shelf.existing())[0]!
    return shelved.store
  }
  return { durable: true, open, discard }
})

testStateShelfConformance('a simulated disk', async () => {
  const { discard, process } = new RunningWorld()
  const disk = new SimulatedDisk()
  return { durable: true, open: async () => disk.shelf(process('one')), discard }
})
