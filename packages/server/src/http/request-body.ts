// Bodies of requests, read with bounds on their size and on the time they take, from the connection itself: a web stream
// around each would cost more than the rest of a small request.

import { isUtf8 } from 'node:buffer'
import type { IncomingMessage } from 'node:http'
import { Http2ServerRequest } from 'node:http2'
import { fromTypedJson } from '../json/typed-json.ts'
import { serverLimits } from '../limits.ts'
import { ClientGone, HttpProblem } from './http-problem.ts'

/** What a request comes in on. */
export type Incoming = IncomingMessage | Http2ServerRequest

/** All of a body. Rejects with BODY_TOO_LARGE, REQUEST_TIMEOUT, and {@link ClientGone}. */
export function readBody(incoming: Incoming): Promise<Buffer> {
  const announced = Number(incoming.headers['content-length'] ?? 0)
  if (announced > serverLimits.bodyBytesMax) return Promise.reject(tooLarge())
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    // HTTP/1.1 requests are timed by the server that reads them.
    const timer = incoming instanceof Http2ServerRequest ? setTimeout(expire, serverLimits.requestWithinMs) : undefined
    const settle = (settled: () => void): void => {
      clearTimeout(timer)
      incoming.off('data', take).off('end', end).off('close', gone).off('error', gone)
      settled()
    }
    function take(chunk: Buffer): void {
      bytes += chunk.length
      if (bytes <= serverLimits.bodyBytesMax) chunks.push(chunk)
      else refuse(tooLarge())
    }
    function refuse(problem: HttpProblem): void {
      incoming.pause()
      settle(() => reject(problem))
    }
    function expire(): void {
      refuse(new HttpProblem('REQUEST_TIMEOUT', 'The request did not arrive in time. Send it again.', closing))
    }
    function end(): void {
      settle(() => resolve(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)))
    }
    function gone(): void {
      settle(() => reject(new ClientGone()))
    }
    incoming.on('data', take).on('end', end).on('close', gone).on('error', gone)
  })
}

/** A body as text. Throws BODY_INVALID. */
function textOf(body: Buffer): string {
  if (isUtf8(body)) return body.toString()
  throw new HttpProblem('BODY_INVALID', 'The body is no UTF-8. Send bytes as application/octet-stream.')
}

/** A body as JSON, as it stands. Throws BODY_INVALID. */
export function jsonOf(body: Buffer): unknown {
  const text = textOf(body)
  try {
    return JSON.parse(text)
  } catch (error) {
    const problem = text === '' ? 'it is empty' : (error as SyntaxError).message
    throw new HttpProblem('BODY_INVALID', `The body is no JSON: ${problem}.`)
  }
}

/** The value that a body of typed JSON stands for. Throws BODY_INVALID and VALUE_NOT_ENCODABLE. */
export function valueOfJson(body: Buffer): unknown {
  const json = jsonOf(body)
  // Looking at the bytes is much faster than looking at every member, and most bodies hold nothing that is typed.
  return mayBeTyped(body) ? fromTypedJson(json) : json
}

// A name that begins with a dollar sign, also where it is written as an escape.
function mayBeTyped(body: Buffer): boolean {
  return body.includes('"$') || body.includes('"\\u0024')
}

const closing = { connection: 'close' }

function tooLarge(): HttpProblem {
  return new HttpProblem(
    'BODY_TOO_LARGE',
    `The body has more than ${serverLimits.bodyBytesMax} bytes. Split it over several requests.`,
    closing,
  )
}
