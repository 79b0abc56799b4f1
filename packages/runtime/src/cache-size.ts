// How much of what an engine has read it keeps in memory, unless it is told.

import { getHeapStatistics } from 'node:v8'

/** A part of the heap that leaves room for what changed, what is under way, and the program around it. */
const HEAP_SHARE = 1 / 4

/** Bytes of clean actors for `engines` of this process in all: a quarter of what its heap may grow to. */
export function cacheBytesDefault(engines: number): number {
  return Math.floor((getHeapStatistics().heap_size_limit * HEAP_SHARE) / engines)
}
