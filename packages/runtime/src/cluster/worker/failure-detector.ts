// FailureDetector: says which workers are silent. Every worker sends heartbeats; whoever has not been heard for a while is
// evicted by whoever notices (DESIGN §7). A wrong suspicion costs a takeover and nothing else: evictions go through the
// log, and whoever is evicted finds that out there before anything that comes after it.
//
// H1 A worker that does not hear itself judges nobody: it was paused, or is cut off.
// H2 Whoever is new in the view, and everybody after a gap of H1, is given the full time again.
// H3 A worker that joins is given more time: it is busy catching up and owns nothing, and evicting it makes it begin again.

import { ByteReader, ByteWriter, MalformedBytes } from '@streamy-db/core'
import type { MessageBus, View, WorkerIdentity } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'

/** What a detector works with. */
export interface FailureDetectorOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly address: string
  readonly worker: WorkerIdentity
  readonly heartbeatMs: number
  /** Silence after which a worker is suspected. */
  readonly evictAfterMs: number
  /** The workers as of now; undefined while they are not known. */
  readonly view: () => View | undefined
  /** A member of the view is silent; said once for a view. */
  readonly onSilent: (worker: WorkerIdentity, view: View) => void
}

const JOINING_PATIENCE = 5

/** Sends heartbeats and listens for those of others; see H1 to H3. */
export class FailureDetector {
  readonly #options: FailureDetectorOptions
  readonly #heard = new Map<string, number>()
  readonly #heartbeat: Uint8Array
  readonly #unlisten: () => void
  #cancelAlarm: () => void = () => {}
  #judgedView = -1
  #stopped = false

  constructor(options: FailureDetectorOptions) {
    this.#options = options
    this.#heartbeat = encodeWorker(options.worker)
    this.#unlisten = options.bus.listen(options.address, (bytes) => this.#hear(bytes))
    this.#beat()
  }

  stop(): void {
    this.#stopped = true
    this.#cancelAlarm()
    this.#unlisten()
  }

  #beat(): void {
    if (this.#stopped) return
    const { bus, clock, address, heartbeatMs } = this.#options
    this.#judge(clock.now())
    bus.send(address, this.#heartbeat)
    this.#cancelAlarm = clock.alarm(clock.now() + heartbeatMs * 1000, () => this.#beat())
  }

  #hear(bytes: Uint8Array): void {
    const worker = decodeWorker(bytes)
    if (worker === undefined) return
    const now = this.#options.clock.now()
    const name = nameOf(worker)
    if (name === nameOf(this.#options.worker) && this.#isDeaf(now)) this.#heard.clear()
    this.#heard.set(name, now)
  }

  // Twice the interval, and a little for a busy machine.
  #isDeaf(now: number): boolean {
    const { worker, heartbeatMs, evictAfterMs } = this.#options
    const last = this.#heard.get(nameOf(worker))
    return last === undefined || now - last > Math.min(3 * heartbeatMs, evictAfterMs) * 1000
  }

  #judge(now: number): void {
    const view = this.#options.view()
    if (view === undefined || this.#isDeaf(now)) return
    const silent: WorkerIdentity[] = []
    for (const member of view.members) {
      const last = this.#heard.get(nameOf(member))
      if (last === undefined) this.#heard.set(nameOf(member), now)
      else if (now - last > this.#patienceUs(member)) silent.push(member)
    }
    if (silent.length === 0 || view.number === this.#judgedView) return
    this.#judgedView = view.number
    // One at a time: an eviction makes a new view, by which the next is judged.
    this.#options.onSilent(silent[0]!, view)
  }

  #patienceUs({ phase }: View['members'][number]): number {
    return this.#options.evictAfterMs * 1000 * (phase === 'joining' ? JOINING_PATIENCE : 1)
  }
}

function nameOf({ name, incarnation }: WorkerIdentity): string {
  return `${name}/${incarnation}`
}

function encodeWorker({ name, incarnation }: WorkerIdentity): Uint8Array {
  const out = new ByteWriter()
  out.string(name)
  out.string(incarnation)
  return out.take()
}

// Undefined for bytes that are no heartbeat: anybody may have sent them.
function decodeWorker(bytes: Uint8Array): WorkerIdentity | undefined {
  try {
    const reader = new ByteReader(bytes)
    const worker = { name: reader.string(), incarnation: reader.string() }
    reader.finish()
    return worker
  } catch (error) {
    if (error instanceof MalformedBytes) return undefined
    throw error
  }
}
