// The server's times: nanoseconds in the text of RFC 3339 or as a count, here integer microseconds since 1970, which a
// number holds exactly. Both forms of one time give the same number.

import { assert } from '@streamy-db/core'

/** Microseconds of `2026-01-02T03:04:05.123456789Z`, whose fraction may have any length. */
export function parseServerTime(text: string): number {
  const match = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|[+-]\d\d:\d\d)$/.exec(text)
  const [, seconds = '', fraction = '', zone = ''] = match ?? []
  const milliseconds = Date.parse(seconds + zone)
  assert(Number.isSafeInteger(milliseconds), `the server writes times in RFC 3339, not as ${JSON.stringify(text)}`)
  return milliseconds * 1000 + Number(fraction.slice(0, 6).padEnd(6, '0'))
}

/** Microseconds of a count of nanoseconds, in decimal, which is beyond what a number holds. */
export function microsecondsOf(nanoseconds: string): number {
  return nanoseconds.length <= 3 ? 0 : Number(nanoseconds.slice(0, -3))
}
