// `/metrics`, for Prometheus.

import type { Gateway } from '../gateway.ts'
import type { Route } from '../http/route.ts'
import { problems } from '../openapi/operation.ts'

/** The route of the metrics. */
export function metricsRoutes({ metrics }: Gateway): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/metrics',
      operation: {
        operationId: 'metrics',
        summary: 'Metrics, in the text format of Prometheus.',
        tags: ['operations'],
        responses: {
          200: { description: 'The metrics.', content: { 'text/plain': { schema: { type: 'string' } } } },
          ...problems(),
        },
      },
      access: () => ({ right: 'metrics' }),
      handle: async () => {
        const { contentType, body } = await metrics.text()
        return new Response(body, { headers: { 'content-type': contentType } })
      },
    },
  ]
}
