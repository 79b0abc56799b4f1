// Server-sent events, as far as Streamy sends them: read from a body, one by one.

/** An event. */
export interface ServerEvent {
  readonly id: string | undefined
  readonly event: string
  /** Undefined where only an id is told. */
  readonly data: string | undefined
}

/** The events of a body, until it ends. */
export async function* eventsIn(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  let rest = ''
  // What fetch makes is a stream of bytes, and iterable in Node.
  for await (const chunk of body.pipeThrough(new TextDecoderStream()) as unknown as AsyncIterable<string>) {
    const blocks = (rest + chunk).split('\n\n')
    rest = blocks.pop()!
    for (const block of blocks) {
      const event = eventOf(block)
      if (event !== undefined) yield event
    }
  }
}

// Undefined for what is a comment, or only says how long to wait.
function eventOf(block: string): ServerEvent | undefined {
  const fields = new Map<string, string>()
  for (const line of block.split('\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) fields.set(line.slice(0, colon), line.slice(colon + 1).replace(/^ /, ''))
  }
  const [id, data] = [fields.get('id'), fields.get('data')]
  return id === undefined && data === undefined ? undefined : { id, event: fields.get('event') ?? 'message', data }
}
