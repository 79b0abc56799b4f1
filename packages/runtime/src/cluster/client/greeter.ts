// Greeter: says hello until a worker answers. A client does so when it connects, and again when it has not heard of the
// log's time for long, since its requests must not carry an old one.

import type { MessageBus } from '@streamy-db/core'
import type { Clock } from '../../clock.ts'
import type { Patience } from '../patience.ts'
import { addresses } from '../protocol/addresses.ts'
import type { Intake } from '../protocol/intake.ts'
import { decodeWelcome, encodeHello, type Welcome } from '../protocol/welcome.ts'
import { Questions } from '../questions.ts'

/** What a greeter works with. */
export interface GreeterOptions {
  readonly bus: MessageBus
  readonly clock: Clock
  readonly intake: Intake
  readonly name: string
  readonly session: string
  readonly patience: Patience
}

/** Asks for welcomes. */
export class Greeter {
  readonly #options: GreeterOptions
  readonly #hellos: Questions<Welcome>
  readonly #unlisten: () => void

  constructor(options: GreeterOptions) {
    const { intake, session } = options
    this.#options = options
    this.#hellos = new Questions(options)
    this.#unlisten = intake.listen(addresses.welcome(session), decodeWelcome, (welcome) => {
      this.#hellos.answer(welcome.id, welcome)
    })
  }

  /** Resolves with a welcome that was sent after the call; rejects with `onDeadline()` when none came. */
  greet(deadline: number, onDeadline: () => Error): Promise<Welcome> {
    const { name, session } = this.#options
    const encode = (id: number): Uint8Array => encodeHello({ session, id })
    return this.#hellos.ask({ address: addresses.hello(name), encode, deadline, onDeadline })
  }

  /** Ends every hello with `error`, and listens no more. */
  close(error: Error): void {
    this.#unlisten()
    this.#hellos.fail(error)
  }
}
