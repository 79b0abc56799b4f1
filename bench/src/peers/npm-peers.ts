// Peers that come as npm packages, hundreds of megabytes that nobody needs to work on this project: installed into the project's
// cache when a benchmark first asks for one, from a manifest and a lockfile of their own in `bench/peers`. Their programs run there,
// on a version of Node that is among them.

import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { cp, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { projectCache } from '@streamy-db/jetstream/testing'

const NODE_MAJOR_MIN = 22
const source = fileURLToPath(new URL('../../peers', import.meta.url))
const run = promisify(execFile)
let installing: Promise<string> | undefined

/** The folder in which they are installed. */
export function npmPeers(): Promise<string> {
  installing ??= install()
  return installing
}

/** A Node that they run on: the one among them, or this one where there is none for this machine and it is new enough. */
export function nodeIn(folder: string): string {
  const installed = join(folder, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node')
  if (existsSync(installed)) return installed
  if (Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN) return process.execPath
  throw new Error(`Node ${NODE_MAJOR_MIN} or later is needed, and there is none for this machine among npm's packages.`)
}

/** The version of one of them. */
export function versionIn(folder: string, name: string): string {
  const manifest = readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')
  // Every installed package has a version.
  return (JSON.parse(manifest) as { readonly version: string }).version
}

// The folder bears a hash of what it was made from, so that what has changed is installed anew.
async function install(): Promise<string> {
  const hash = createHash('sha256')
  for (const name of readdirSync(source).toSorted()) hash.update(readFileSync(join(source, name)))
  const folder = join(projectCache(), 'peers', `npm-${hash.digest('hex').slice(0, 16)}`)
  if (existsSync(folder)) return folder
  await mkdir(dirname(folder), { recursive: true })
  const work = await mkdtemp(join(dirname(folder), '.npm-'))
  try {
    await cp(source, work, { recursive: true })
    await run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: work })
    await rename(work, folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return folder
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}
