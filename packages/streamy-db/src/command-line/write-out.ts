// Writes to stdout no faster than it is taken: what is listed may be larger than memory.

/** Resolves when there is room for more. A reader that has gone away, as `head` does, ends the program in good order. */
export function writeOut(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve()
      else reject(error)
    })
  })
}
