// Goal: a database whose files were damaged is never silently used. Method: a database is made, closed and copied; one file
// of the copy is mutated; then opening it either fails with a typed error, or the database holds exactly what it held.

import { cp, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as fc from 'fast-check'
import { Actor, actor, message, open, query } from 'streamy-db'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { campaign } from './campaign.ts'
import { anyMutations, mutated } from './mutation.ts'
import { typedError } from './unharmed.ts'

@actor()
class Note extends Actor {
  text = ''
  edits = 0

  @message()
  write(text: string): number {
    this.text = text
    return ++this.edits
  }

  @query()
  read(): { readonly text: string; readonly edits: number } {
    return { text: this.text, edits: this.edits }
  }
}

const notes = Array.from({ length: 40 }, (_, index) => `note-${index}`)
let base: string
let original: string
let files: readonly string[]

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'streamy-fuzz-'))
  original = join(base, 'original')
  // So that most of it lies in the state, which is written now and then, and the rest in the log.
  const database = await open(original, { actors: [Note], logBytesMax: 2048 })
  for (let round = 1; round <= 3; round++)
    await Promise.all(notes.map((key) => database.actor(Note, key).write(`${key} in round ${round}`)))
  await database.close()
  const entries = await readdir(original, { recursive: true, withFileTypes: true })
  files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(original.length))
})

afterAll(async () => {
  await rm(base, { recursive: true, force: true })
})

test('a damaged database says so, or is whole', { timeout: 600_000 }, async () => {
  const fates = { refused: 0, whole: 0 }
  const property = fc.asyncProperty(fc.nat(), anyMutations, async (which, mutations) => {
    const copy = await copied()
    const file = join(copy, files[which % files.length]!)
    await writeFile(file, mutated(await readFile(file), mutations))
    fates[await fateOf(copy)] += 1
    await rm(copy, { recursive: true })
  })
  await fc.assert(property, campaign(60))
  expect(fates.refused).toBeGreaterThan(0)
})

// Without the socket by which a process holds the directory.
async function copied(): Promise<string> {
  const copy = await mkdtemp(join(base, 'copy-'))
  for (const file of files) await cp(join(original, file), join(copy, file))
  return copy
}

async function fateOf(directory: string): Promise<'refused' | 'whole'> {
  let database
  try {
    database = await open(directory, { actors: [Note] })
  } catch (error) {
    typedError(error)
    return 'refused'
  }
  try {
    for (const key of notes)
      expect(await database.actor(Note, key).read()).toEqual({ text: `${key} in round 3`, edits: 3 })
    return 'whole'
  } finally {
    await database.close()
  }
}
