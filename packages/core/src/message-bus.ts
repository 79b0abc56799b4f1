// The message bus port: how the processes of a cluster talk to each other beside the log. Best effort only; whatever
// rests on it asks again. `testing/message-bus-conformance.ts` holds every implementation to this file, which is the
// contract alone.
//
// M1 A message reaches everyone who listens at its address, and nobody else.
// M2 What arrives was sent, whole and unchanged, and shares no memory with what the sender holds.
// M3 Messages may be lost, repeated, late and out of order; what is sent again and again arrives at last.
// M4 A handler is never called from within `send` or `listen`: nobody is entered twice.
// M5 After `close` nothing arrives and `send` does nothing.

/** One process's end of the bus; see M1 to M5 above. */
export interface MessageBus {
  /**
   * Sends a message on its way; returns before it has arrived, if it does. An address is dot-separated tokens of
   * letters, digits, `-` and `_`. The bytes must not change afterwards. What is sent to one address within one turn may
   * travel together; what is larger than the network's limit travels in pieces.
   */
  send(address: string, message: Uint8Array): void
  /** Listens at an address from now on; the returned function ends it. */
  listen(address: string, handler: (message: Uint8Array) => void): () => void
  /** Stops listening and lets go of what it holds; may be repeated. */
  close(): Promise<void>
}
