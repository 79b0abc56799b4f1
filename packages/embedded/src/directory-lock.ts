// The directory lock: one opener of a database directory at a time, over processes, and within one. The kernel holds it,
// never a file's mere presence, so a process that is killed leaves nothing behind that anybody must remove.
//
// On macOS and Windows a file can be opened exclusively, and that is all there is to it. Linux has no such open, and
// Node has no flock; there a lock is a listening socket in the directory, named `lock.N`:
//
//   D1 Whoever made the highest N holds the lock for as long as its socket answers. Sockets are made under another
//      name and linked to theirs when they listen already, so `lock.N` never exists without having answered.
//   D2 To lock: when the highest does not answer, link `lock.N+1`. Only one can; the others look again.
//   D3 The highest is never removed, not even on release, so a number never comes back: somebody slow who still
//      believes `lock.N` to be the highest fails to link `lock.N+1`.
//
// A socket in a file answers across containers that share the directory, as process ids and abstract sockets do not.
// It does not answer across machines: a directory on a network file system is not protected from another machine.

import { randomBytes } from 'node:crypto'
import fs from 'node:fs/promises'
import { connect, createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { StreamyError } from '@streamy-db/core'

const lockName = /^lock\.(\d{1,15})$/
const unfinishedName = /^lock\.\d+\.[0-9a-f]+$/
/** How long a holder has to tell its process id; that it holds the lock is known without. */
const answerTimeoutMs = 1000

/** The right to use a directory. */
export class DirectoryLock {
  readonly #release: () => Promise<void>
  #releasing: Promise<void> | undefined

  /** Locks `directory`, which must exist. Rejects with DATABASE_LOCKED, naming the holder, when it is locked. */
  static async acquire(directory: string): Promise<DirectoryLock> {
    const acquire = process.platform === 'linux' ? lockWithSocket : lockWithExclusiveOpen
    try {
      return new DirectoryLock(await acquire(directory))
    } catch (error) {
      if (error instanceof StreamyError) throw error
      const reason = error instanceof Error ? error.message : String(error)
      const message = `Locking ${directory} failed: ${reason}. Check its permissions, and that it is on a local file system.`
      throw new StreamyError('STORAGE_FAILED', message, { cause: error })
    }
  }

  private constructor(release: () => Promise<void>) {
    this.#release = release
  }

  /** Lets the next one in; may be called again. */
  release(): Promise<void> {
    this.#releasing ??= this.#release()
    return this.#releasing
  }
}

async function lockWithSocket(directory: string): Promise<() => Promise<void>> {
  // The path of a socket has at most 107 bytes; through the descriptor of its directory it always fits.
  const handle = await fs.open(directory, 'r')
  const place = `/proc/self/fd/${handle.fd}`
  const unfinished = `lock.${process.pid}.${randomBytes(6).toString('hex')}`
  let server: Server | undefined
  try {
    server = await listen(`${place}/${unfinished}`)
    const number = await linkNext(place, directory, unfinished)
    await removeOlder(directory, number)
  } catch (error) {
    if (server !== undefined) await closeServer(server)
    throw error
  } finally {
    await fs.rm(join(directory, unfinished), { force: true })
    await handle.close()
  }
  return () => closeServer(server)
}

/** D2: gives the socket the next number, unless the highest is held. */
async function linkNext(place: string, directory: string, unfinished: string): Promise<number> {
  for (;;) {
    const highest = Math.max(0, ...(await numbersIn(directory)))
    const holder = highest === 0 ? undefined : await askHolder(`${place}/lock.${highest}`)
    if (holder !== undefined) throw locked(directory, holder.pid)
    try {
      await fs.link(join(directory, unfinished), join(directory, `lock.${highest + 1}`))
      return highest + 1
    } catch (error) {
      // Only a holder tidies up: this one became it after the question, and took the unfinished socket for abandoned.
      if (codeOf(error) === 'ENOENT') throw locked(directory, undefined)
      // Somebody else was first; whether that one lives is for the next round.
      if (codeOf(error) !== 'EEXIST') throw error
    }
  }
}

async function numbersIn(directory: string): Promise<readonly number[]> {
  return (await fs.readdir(directory)).flatMap((name) => lockName.exec(name)?.[1] ?? []).map(Number)
}

/** D3: removes what is below the lock just taken, and what openers that were killed half way left. */
async function removeOlder(directory: string, number: number): Promise<void> {
  for (const name of await fs.readdir(directory)) {
    const older = Number(lockName.exec(name)?.[1] ?? number) < number
    const abandoned = unfinishedName.test(name) && (await askHolder(join(directory, name))) === undefined
    if (older || abandoned) await fs.rm(join(directory, name), { force: true })
  }
}

function listen(path: string): Promise<Server> {
  // Whoever connects is told the process id; the server never keeps a process alive.
  const server = createServer((socket) => socket.on('error', () => {}).end(`${process.pid}`)).unref()
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ path, exclusive: true }, () => resolve(server))
  })
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => void server.close(() => resolve()))
}

/** Who listens on the socket at `path`; undefined when nobody does. */
function askHolder(path: string): Promise<{ readonly pid: string | undefined } | undefined> {
  return new Promise((resolve, reject) => {
    let pid = ''
    const socket = connect(path)
    socket.setEncoding('latin1')
    socket.setTimeout(answerTimeoutMs, () => socket.destroy())
    socket.on('data', (data: string) => (pid += data))
    // Connected and silent: a holder too busy to say who it is holds the lock all the same.
    socket.on('close', () => resolve({ pid: pid === '' ? undefined : pid }))
    socket.on('error', (error) => {
      const code = codeOf(error)
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined)
      else if (code === 'EACCES' || code === 'EPERM') reject(error)
    })
  })
}

async function lockWithExclusiveOpen(directory: string): Promise<() => Promise<void>> {
  const path = join(directory, 'lock')
  const { O_RDWR, O_CREAT, O_NONBLOCK } = fs.constants
  // Not among Node's constants: O_EXLOCK of macOS, and UV_FS_O_EXLOCK, by which libuv asks Windows for no sharing.
  const exclusive = process.platform === 'win32' ? 0x1000_0000 : 0x20 | O_NONBLOCK
  try {
    const handle = await fs.open(path, O_RDWR | O_CREAT | exclusive)
    await fs.writeFile(`${path}.pid`, `${process.pid}`)
    return () => handle.close()
  } catch (error) {
    if (!['EAGAIN', 'EWOULDBLOCK', 'EBUSY'].includes(codeOf(error))) throw error
    throw locked(directory, await fs.readFile(`${path}.pid`, 'latin1').catch(() => undefined))
  }
}

function locked(directory: string, pid: string | undefined): StreamyError {
  const holder =
    pid === undefined ? 'another process' : `process ${pid}${pid === `${process.pid}` ? ', which is this one' : ''}`
  return new StreamyError(
    'DATABASE_LOCKED',
    `The database in ${directory} is open in ${holder}. Close it there, or use another directory.`,
  )
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}
