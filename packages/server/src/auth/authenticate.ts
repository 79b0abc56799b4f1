// Who makes a request: by bearer token, or, where a server on the loopback asks for none, whoever is on this machine. Then
// a page in a browser must not be able to use it: a foreign site's requests are refused by what the browser says of them.

import { HttpProblem } from '../http/http-problem.ts'
import { everyone, type Principal, type Tokens } from './tokens.ts'

/** A header of a request. */
export type HeaderOf = (name: string) => string | undefined

/** Who makes the request. Throws UNAUTHENTICATED and FORBIDDEN. */
export function authenticate(tokens: Tokens | undefined, header: HeaderOf): Principal {
  if (tokens === undefined) {
    checkLocal(header)
    return everyone
  }
  const [, secret] = /^Bearer +(\S+) *$/i.exec(header('authorization') ?? '') ?? []
  if (secret === undefined)
    throw new HttpProblem('UNAUTHENTICATED', 'Send a token: Authorization: Bearer TOKEN.', challenge)
  const principal = tokens.find(secret)
  if (principal === undefined)
    throw new HttpProblem('UNAUTHENTICATED', 'The token is not known here. Use another.', {
      'www-authenticate': 'Bearer error="invalid_token"',
    })
  return principal
}

const challenge = { 'www-authenticate': 'Bearer' }
const loopback = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d+)?$/i

// Another site's name may be made to lead to this machine, so the name that was asked for counts as well.
function checkLocal(header: HeaderOf): void {
  const [host, origin] = [header('host'), header('origin')]
  if (host !== undefined && host !== '' && !loopback.test(host))
    throw foreign(`this server knows no tokens and answers to localhost only, not to ${host}`)
  if (origin !== undefined && !loopback.test(origin.replace(/^https?:\/\//i, '')))
    throw foreign('it comes from the page of another site')
  if (header('sec-fetch-site') === 'cross-site') throw foreign('it comes from the page of another site')
}

function foreign(reason: string): HttpProblem {
  return new HttpProblem(
    'FORBIDDEN',
    `The request is refused: ${reason}. Start the server with tokens to serve others.`,
  )
}
