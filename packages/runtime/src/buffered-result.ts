// BufferedResult: what a buffered message of a client transaction returns. There is no result before the commit, so
// whoever awaits it inside the transaction gets an error instead of waiting for ever; nobody has to await it.

import { StreamyError } from '@streamy-db/core'

/** A promise-like that rejects as soon as somebody asks. Unasked it is never an unhandled rejection. */
export class BufferedResult implements PromiseLike<never> {
  readonly #message: string

  /** `message` names what was buffered. */
  constructor(message: string) {
    this.#message = message
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being awaited is the very thing to catch
  then<Fulfilled = never, Rejected = never>(
    onFulfilled?: ((value: never) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((reason: unknown) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return Promise.reject(this.#error()).then(onFulfilled, onRejected)
  }

  catch<Rejected>(onRejected?: ((reason: unknown) => Rejected) | null): Promise<Rejected> {
    return this.then(undefined, onRejected)
  }

  finally(onFinally?: (() => void) | null): Promise<never> {
    return Promise.reject(this.#error()).finally(onFinally)
  }

  #error(): StreamyError {
    return new StreamyError(
      'TRANSACTION_INVALID',
      `${this.#message} is buffered until the transaction's function returns, so it has no result inside it. ` +
        'Do not await it; if the result is needed, call it through db.actor, or make it one message of an actor.',
    )
  }
}
