// A process is killed with SIGKILL at random moments while it builds indexes and writes. Whoever opens the database next
// goes on with the build without being asked; in the end the indexes are exact.
//
//   STREAMY_BUILD_KILLS=50 npm test -- test/crash/index-build

import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { open } from 'streamy-db'
import type { Part } from './index-build-parts.ts'

const kills = Number(process.env['STREAMY_BUILD_KILLS'] ?? 3)
const program = fileURLToPath(new URL('../dist/crash/index-build-victim.js', import.meta.url))

test(`a build goes on over ${kills} kills, and ends exact`, { timeout: 60_000 + kills * 30_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'streamy-build-'))
  try {
    await fill(directory)
    const said: string[] = []
    for (let kill = 0; kill < kills; kill++) said.push(await killedVictim(directory, Math.random() * 60))
    // Else no build was ever cut short.
    expect(said).toContain('building')
    await using db = await open(directory, { actors: [] })
    const parts = db.collection<Part>('parts')
    // Nobody declares anything here.
    await parts.waitForIndexes()
    expect((await parts.indexes()).map(({ name, state }) => `${name} ${state}`)).toEqual([
      'byBin ready',
      'byName ready',
    ])
    expect(await parts.verifyIndexes()).toEqual([])
    const all = await parts.find({}).toArray()
    expect(all.length).toBeGreaterThan(1000)
    const sorted = await parts.find({}, { sort: { bin: 1, name: -1 } }).toArray()
    expect(sorted.length).toBe(all.length)
    expect((await parts.find({}, { sort: { bin: 1, name: -1 } }).explain()).sortedByIndex).toBe(true)
  } finally {
    await rm(directory, { recursive: true })
  }
})

async function fill(directory: string): Promise<void> {
  await using db = await open(directory, { actors: [] })
  const parts = db.collection<Part>('parts')
  for (let from = 0; from < 4000; from += 500)
    await parts.insertMany(
      Array.from({ length: 500 }, (_, index) => ({ _id: from + index, bin: index % 50, name: `p${from + index}` })),
    )
}

// What the victim has said of its indexes before it was killed.
function killedVictim(directory: string, afterMs: number): Promise<string> {
  const child = spawn(process.execPath, [program, directory], { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  let complaint = ''
  child.stderr.on('data', (data: Buffer) => (complaint += data.toString()))
  createInterface(child.stdout).on('line', (line) => {
    said ||= line
    // The random moment: nothing tells how far the build has come, and nothing should.
    setTimeout(() => child.kill('SIGKILL'), afterMs)
  })
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (status, signal) => {
      if (signal === 'SIGKILL') resolve(said)
      else reject(new Error(`The victim ended with ${status ?? signal}: ${complaint}`))
    })
  })
}
