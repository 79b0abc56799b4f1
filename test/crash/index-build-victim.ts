// The process that is killed while an index is built: opens a collection, declares an index, and writes until it dies.
// Says `building` when the index is declared and not yet ready. Argument: the directory.

import { open } from 'streamy-db'
import { partsOptions, type Part } from './index-build-parts.ts'

const directory = process.argv[2] ?? ''
const db = await open(directory, { actors: [] })
const parts = db.collection<Part>('parts', partsOptions)
await parts.ready()
const states = (await parts.indexes()).map(({ state }) => state)
process.stdout.write(states.includes('building') ? 'building\n' : 'ready\n')
for (let turn = 0; ; turn++)
  await Promise.all([
    parts.updateOne({ _id: (turn * 7919) % 4000 }, { $inc: { bin: 1 } }),
    parts.deleteOne({ _id: (turn * 104_729) % 4000 }),
    parts.insertOne({ bin: turn % 50, name: `n${turn}-${process.pid}` } as never),
  ])
