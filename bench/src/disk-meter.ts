// How many bytes have gone to the disk that a directory is on: what the block device has been given, the file system's own journal
// included. Whoever else writes to it counts as well, so it means something on a quiet machine only. What Linux tells per
// process does not do: it counts whole folios of the page cache, up to a mebibyte for one flushed block.

import { readFileSync, statSync } from 'node:fs'

const SECTOR_BYTES = 512
const SECTORS_WRITTEN_FIELD = 6

/** The disk below a directory. */
export class DiskMeter {
  readonly #file: string

  constructor(directory: string) {
    // As Linux packs the numbers of a device.
    const { dev } = statSync(directory)
    const major = (dev >>> 8) & 0xfff
    const minor = (dev & 0xff) | ((dev >>> 12) & 0xfff00)
    this.#file = `/sys/dev/block/${major}:${minor}/stat`
  }

  /** Bytes so far; undefined where the system does not tell, or the directory is on no block device. */
  bytesWritten(): number | undefined {
    try {
      const fields = readFileSync(this.#file, 'utf8').trim().split(/\s+/)
      return Number(fields[SECTORS_WRITTEN_FIELD]) * SECTOR_BYTES
    } catch {
      return undefined
    }
  }
}
