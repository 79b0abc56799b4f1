// `/healthz`: the process answers. `/readyz`: the database answers too, so requests may be sent here.

import { kvSpace } from '@streamy-db/kv'
import type { Gateway } from '../gateway.ts'
import { problemResponse } from '../http/problem-response.ts'
import { HttpProblem } from '../http/http-problem.ts'
import type { Route } from '../http/route.ts'
import { problems } from '../openapi/operation.ts'

const answerWithinMs = 2000

/** The routes of health. Who asks need not say who they are, and is told nothing but yes or no. */
export function healthRoutes(gateway: Gateway): readonly Route[] {
  const ok = { 200: { description: 'Yes.', content: { 'text/plain': { schema: { type: 'string' } } } } }
  return [
    {
      method: 'GET',
      path: '/healthz',
      operation: {
        operationId: 'healthz',
        summary: 'Whether the process answers.',
        tags: ['operations'],
        responses: ok,
      },
      access: 'anyone',
      handle: () => new Response('ok\n', plain),
    },
    {
      method: 'GET',
      path: '/readyz',
      operation: {
        operationId: 'readyz',
        summary: 'Whether the database answers.',
        tags: ['operations'],
        responses: { ...ok, 503: problems()[503]! },
      },
      access: 'anyone',
      handle: async () => {
        if (await isReady(gateway)) return new Response('ready\n', plain)
        return problemResponse(new HttpProblem('SERVER_BUSY', 'The database does not answer now. Ask again.'))
      },
    },
  ]
}

const plain = { headers: { 'content-type': 'text/plain; charset=utf-8' } }

async function isReady({ db, closing }: Gateway): Promise<boolean> {
  if (closing.aborted) return false
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), answerWithinMs)
  })
  const answered = kvSpace(db, 'http')
    .get(['ready'])
    .then(() => true)
    .catch(() => false)
  const isInTime = await Promise.race([answered, late])
  clearTimeout(timer)
  return isInTime
}
