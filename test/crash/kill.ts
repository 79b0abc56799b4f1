// Starts a victim and kills it with SIGKILL some time after it has said that it does a certain thing.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { VictimOptions } from './victim.ts'

/** When a victim is killed. */
export interface KillPlan {
  /** What it has said last. */
  readonly during: 'opening' | 'open' | 'closing'
  readonly afterMs: number
}

/** What a victim left. */
export interface Remains {
  /** False when it ended by itself before the signal came. */
  readonly killed: boolean
  readonly transfers: readonly { readonly tag: string; readonly receipt: number }[]
  readonly ids: readonly { readonly sequence: string; readonly id: number }[]
}

// Compiled: Node 20 runs no TypeScript. This file is there as source too when vitest runs it.
const program = fileURLToPath(
  new URL(import.meta.url.includes('/dist/') ? 'victim.js' : '../dist/crash/victim.js', import.meta.url),
)

/** Runs a victim until it is dead. Rejects when it fails by itself. */
export function killVictim(options: VictimOptions, plan: KillPlan): Promise<Remains> {
  const child = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ['ignore', 'pipe', 'pipe'] })
  const said: string[] = []
  let complaint = ''
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()))
  createInterface(child.stdout).on('line', (line) => {
    said.push(line)
    // The random moment: nothing tells us how far the victim has come, and nothing should.
    if (line === plan.during) setTimeout(() => child.kill('SIGKILL'), plan.afterMs)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      if (signal === 'SIGKILL' || status === 0) resolve(remainsOf(signal === 'SIGKILL', said))
      else reject(new Error(`The victim ${options.name} ended with ${status ?? signal}: ${complaint}`))
    })
  })
}

// The last line may be cut off where the victim died; a number that is not whole is not believed.
function remainsOf(killed: boolean, said: readonly string[]): Remains {
  const whole = killed ? said.slice(0, -1) : said
  const reports = whole.map((line) => line.split(' '))
  return {
    killed,
    transfers: reports.flatMap(([kind, tag = '', receipt]) =>
      kind === 't' ? [{ tag, receipt: Number(receipt) }] : [],
    ),
    ids: reports.flatMap(([kind, sequence = '', id]) => (kind === 'i' ? [{ sequence, id: Number(id) }] : [])),
  }
}
