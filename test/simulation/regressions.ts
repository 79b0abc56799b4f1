// Seeds that once failed, each with what was wrong. They are run for ever. A seed makes the same run only as long as plans are
// drawn as they are now: when that changes, the entry is still a run like any other, and the unit test that came with the
// fix is what holds it.

/** One seed that once failed. */
export interface Regression {
  readonly seed: string
  readonly found: string
}

export const regressions: readonly Regression[] = [
  {
    seed: '10',
    found: 'a machine whose clock was set back slept for hours; ticks went by its clock instead of log time',
  },
  { seed: '33', found: 'nobody appended the second attempt of what missed only after its home had a new owner' },
  { seed: '123', found: 'the same, among twelve partitions' },
  { seed: '128', found: 'a worker that started while the first log was trimmed took its beginning for lost' },
]
