// Seeds that once failed, each with what was wrong. They are run for ever. Each part of a plan is drawn by itself, so that
// they go on to mean what they meant; where a change of the code makes another run of one, the unit test that came with the
// fix is what holds it.

/** One seed that once failed. */
export interface Regression {
  readonly seed: string
  readonly found: string
}

export const regressions: readonly Regression[] = [
  { seed: '2478', found: 'a machine whose clock was set back slept for hours' },
  { seed: '2719', found: 'timers were due by the clocks of machines instead of log time' },
  { seed: '2307', found: 'nobody appended the second attempt of what missed only after its home had a new owner' },
  { seed: '31', found: 'a worker that started while the log was first trimmed took its beginning for lost' },
  { seed: '1055', found: 'a store in use was taken for one that was left: money was lost' },
  { seed: '2003', found: 'the same: a parcel never arrived' },
  { seed: '200020', found: 'checkpoints pushed out five that were being read, and an evicted worker waited for ever' },
  { seed: '200282', found: 'a worker that looked for the database while the log was first trimmed stopped' },
  {
    seed: '300122',
    found: 'a replica whose successor the log was trimmed past never got another: its worker joined for ever',
  },
  {
    seed: '700002',
    found: 'what an exclusive transaction had left was sent for what it had found: a commit was told as a conflict',
  },
  { seed: '800420', found: 'a worker that waited for halted peers went on answering from a log that had lost its end' },
]
