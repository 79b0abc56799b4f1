// Many calls, so many at once: where each one waits for the log, one after the other would take all day.

const CALLS_AT_ONCE = 1000

/** Makes the calls of numbers 0 to `count`; hands their answers to `take` in that order. */
export async function inGroups<Answer>(
  count: number,
  call: (index: number) => Promise<Answer>,
  take: (answer: Answer, index: number) => void = () => {},
): Promise<void> {
  for (let start = 0; start < count; start += CALLS_AT_ONCE) {
    const size = Math.min(CALLS_AT_ONCE, count - start)
    const answers = await Promise.all(Array.from({ length: size }, (_, offset) => call(start + offset)))
    for (const [offset, answer] of answers.entries()) take(answer, start + offset)
  }
}
