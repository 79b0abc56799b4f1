// What a figure depends on beside the code: the machine, the versions, the disk. A report without it means nothing.

import { constants, readFileSync, statfsSync } from 'node:fs'
import { open, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { arch, cpus, loadavg, release, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { spreadOf } from './spread.ts'
import { precise } from './table.ts'

/** Where and with what the figures were measured. */
export interface Machine {
  readonly processors: string
  readonly memoryGiB: number
  readonly system: string
  /** Runnable processes over the last minute, before anything was measured: what others did meanwhile. */
  readonly load: number
  readonly versions: Readonly<Record<string, string>>
  readonly fileSystem: string
  /** One write of 4 KiB through to the disk, in milliseconds; what one caller waits for at the very least. */
  readonly flushMs: number
}

const FLUSHES = 100
const fileSystems: Readonly<Record<number, string>> = {
  0xef53: 'ext4',
  0x5846_5342: 'xfs',
  0x9123_683e: 'btrfs',
  0x2fc1_2fc1: 'zfs',
  0x794c_7630: 'overlayfs',
  0x0102_1994: 'tmpfs, which flushes nothing',
}

/** Describes this machine, and the disk below `directory`. */
export async function describeMachine(directory: string): Promise<Machine> {
  const processors = cpus()
  return {
    processors: `${processors.length} × ${processors[0]?.model ?? arch()}`,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${process.platform} ${release()}`,
    load: loadavg()[0] ?? 0,
    versions: {
      node: process.versions.node,
      lmdb: versionOf('lmdb'),
      msgpackr: versionOf('msgpackr'),
      nats: versionOf('nats'),
      ioredis: versionOf('ioredis'),
      pg: versionOf('pg'),
      etcd3: versionOf('etcd3'),
      'streamy-db': versionOf('streamy-db'),
    },
    fileSystem: fileSystems[statfsSync(directory).type] ?? 'a file system of another kind',
    flushMs: await timeFlush(directory),
  }
}

/** The head of the report. */
export function machineLines(machine: Machine, directory: string): readonly string[] {
  const versions = Object.entries(machine.versions).map(([name, version]) => `${name} ${version}`)
  return [
    `machine     ${machine.processors}, ${machine.memoryGiB} GiB, ${machine.system}; load ${precise(machine.load)} before`,
    `versions    ${versions.join(', ')}`,
    `files       ${directory} (${machine.fileSystem}); a write of 4 KiB through to the disk takes ${precise(machine.flushMs)} ms`,
  ]
}

/** The version of a package that the benchmarks run with. */
function versionOf(name: string): string {
  const main = createRequire(import.meta.url).resolve(name)
  for (let folder = dirname(main); folder !== dirname(folder); folder = dirname(folder)) {
    const manifest = manifestIn(folder)
    if (manifest?.name === name) return manifest.version ?? 'unknown'
  }
  return 'unknown'
}

function manifestIn(folder: string): { readonly name?: string; readonly version?: string } | undefined {
  try {
    // Manifests of installed packages have these two as strings, if at all.
    return JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: string; version?: string }
  } catch {
    return undefined
  }
}

// Over the same place again and again, so that the file does not grow: the least that a flush costs.
async function timeFlush(directory: string): Promise<number> {
  const path = join(directory, 'flush-probe')
  const file = await open(path, constants.O_RDWR | constants.O_CREAT)
  try {
    const block = Buffer.alloc(4096)
    const times: number[] = []
    for (let count = 0; count < FLUSHES; count++) {
      const started = performance.now()
      await file.write(block, 0, block.length, 0)
      await file.datasync()
      times.push(performance.now() - started)
    }
    return spreadOf(times).median
  } finally {
    await file.close()
    await rm(path)
  }
}
