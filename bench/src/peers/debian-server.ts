// Finds a peer's server: the one that an environment variable names, the one in PATH, or Debian's, unpacked into the
// project's cache. A machine that has none of them gets an error that says what to do; the benchmark then reports it.

import { execFile } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { fetchDebianPackages, projectCache, type DebianPackages } from '@streamy-db/jetstream/testing'

/** What to look for. */
export interface WantedServer {
  /** The program: `redis-server`. */
  readonly program: string
  /** Names the program's path. */
  readonly variable: string
  readonly packages: readonly string[]
  readonly suite?: DebianPackages['suite']
  /** Where packages put the program: folders below the root, one of which may be a number. */
  readonly folders: readonly string[]
}

/** A program that runs here. */
export interface FoundServer {
  readonly path: string
  readonly version: string
  /** What its process needs in its environment. */
  readonly environment: Readonly<Record<string, string>>
}

const run = promisify(execFile)

/** Finds or fetches it. */
export async function findServer(wanted: WantedServer): Promise<FoundServer> {
  const { program, variable } = wanted
  const named = process.env[variable]
  const own = named === undefined || named === '' ? findInstalled(wanted) : named
  if (own !== undefined) return await inspect(own, {})
  const folder = join(projectCache(), 'peers', program)
  const { packages, suite } = wanted
  await fetchDebianPackages({ packages, folder, ...(suite === undefined ? {} : { suite }) }).catch((cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause)
    throw new Error(
      `There is no ${program}, and Debian's package could not be fetched: ${reason}. Put ${program} into PATH or set ${variable} to its path.`,
      { cause },
    )
  })
  const path = findBelow(folder, wanted)
  if (path === undefined) throw new Error(`Debian's packages ${packages.join(', ')} hold no ${program}.`)
  return await inspect(path, { LD_LIBRARY_PATH: librariesBelow(folder).join(delimiter) })
}

function findInstalled(wanted: WantedServer): string | undefined {
  const inPath = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, wanted.program))
  return inPath.find((candidate) => existsSync(candidate)) ?? findBelow('/', wanted)
}

// The highest version where there are several.
function findBelow(root: string, { folders, program }: WantedServer): string | undefined {
  const candidates = folders.flatMap((folder) => {
    const [before = '', after] = folder.split('*')
    if (after === undefined) return [join(root, folder)]
    const parent = join(root, before)
    const versions = existsSync(parent) ? readdirSync(parent).toSorted((a, b) => Number(b) - Number(a)) : []
    return versions.map((version) => join(parent, version, after))
  })
  return candidates.map((folder) => join(folder, program)).find((candidate) => existsSync(candidate))
}

function librariesBelow(folder: string): readonly string[] {
  const roots = ['usr/lib', 'lib'].map((name) => join(folder, name)).filter((name) => existsSync(name))
  return roots.flatMap((root) =>
    readdirSync(root)
      .filter((name) => /-linux-/.test(name))
      .map((name) => join(root, name)),
  )
}

async function inspect(path: string, environment: Readonly<Record<string, string>>): Promise<FoundServer> {
  const { stdout } = await run(path, ['--version'], { env: { ...process.env, ...environment } })
  return { path, version: /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? stdout.trim(), environment }
}
