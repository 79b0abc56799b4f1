// Whether some of several changes add up to a wanted one, each taken at most once: what operations of unknown outcome may
// explain. Small sets first, since few unknown operations take effect between two looks; then all sets, by meeting in
// the middle (E. Horowitz, S. Sahni, JACM 21(2), 1974), unless there are too many.

/** The number of vectors kept for one half of the changes. */
const sumsMax = 1 << 16

type Vector = readonly number[]

/** 'undecided' if there were too many sets to look at. */
export function subsetExplains(wanted: Vector, changes: readonly Vector[]): 'yes' | 'no' | 'undecided' {
  if (wanted.every((part) => part === 0)) return 'yes'
  if (changes.some((change) => isSame(change, wanted)) || pairExplains(wanted, changes)) return 'yes'
  const half = changes.length >>> 1
  const left = sumsOf(changes.slice(0, half), wanted)
  const right = sumsOf(changes.slice(half), wanted)
  if (left === undefined || right === undefined) return 'undecided'
  for (const sum of left.values()) if (right.has(keyOf(minus(wanted, sum)))) return 'yes'
  return 'no'
}

function pairExplains(wanted: Vector, changes: readonly Vector[]): boolean {
  const before = new Set<string>()
  for (const change of changes) {
    if (before.has(keyOf(minus(wanted, change)))) return true
    before.add(keyOf(change))
  }
  return false
}

// Every sum of a set of the changes, by its text; the same sum of different sets is kept once.
function sumsOf(changes: readonly Vector[], { length }: Vector): ReadonlyMap<string, Vector> | undefined {
  const nothing: Vector = Array.from({ length }, () => 0)
  const sums = new Map([[keyOf(nothing), nothing]])
  for (const change of changes) {
    const without = [...sums.values()]
    for (const sum of without) {
      const further = sum.map((part, at) => part + change[at]!)
      sums.set(keyOf(further), further)
    }
    if (sums.size > sumsMax) return undefined
  }
  return sums
}

function minus(a: Vector, b: Vector): Vector {
  return a.map((part, at) => part - b[at]!)
}

function isSame(a: Vector, b: Vector): boolean {
  return a.every((part, at) => part === b[at])
}

function keyOf(vector: Vector): string {
  return vector.join(' ')
}
