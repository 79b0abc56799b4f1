// Prints one thing that a server has, or says that it has not.

import { Refused, type ServerAccess } from './server-access.ts'
import { writeOut } from './write-out.ts'

/** The exit code where the answer is no. */
export const ANSWER_IS_NO = 3

/** Prints what is at an address; answers the exit code. */
export async function printFound(access: ServerAccess, path: string): Promise<number> {
  try {
    const response = await access.send(path)
    await writeOut(`${await response.text()}\n`)
    return 0
  } catch (error) {
    if (!(error instanceof Refused) || error.status !== 404) throw error
    process.stderr.write(`${error.message}\n`)
    return ANSWER_IS_NO
  }
}
