// Gateway: the routes of all features over one database, as a web application: it finds the route of a request, asks who
// makes it and whether they may, runs the route, and turns what it throws into a problem. Ports and sockets are not for
// here.

import type { HttpBindings } from '@hono/node-server'
import type { Database } from '@streamy-db/runtime'
import { type Context, Hono } from 'hono'
import { actorRoutes } from './actors/actor-routes.ts'
import { authorize } from './auth/access.ts'
import { authenticate } from './auth/authenticate.ts'
import type { Tokens } from './auth/tokens.ts'
import { collectionRoutes } from './documents/collection-routes.ts'
import { collectionWatchRoutes } from './documents/collection-watch-routes.ts'
import { documentRoutes } from './documents/document-routes.ts'
import { indexRoutes } from './documents/index-routes.ts'
import { healthRoutes } from './health/health-routes.ts'
import { ClientGone, HttpProblem } from './http/http-problem.ts'
import { OpenStreams } from './http/open-streams.ts'
import { isServerFault, problemOf, problemResponse, problemText } from './http/problem-response.ts'
import type { Incoming } from './http/request-body.ts'
import { RouteRequest } from './http/route-request.ts'
import { patternOf, type Route } from './http/route.ts'
import { kvConnectRoutes } from './kv-connect/kv-connect-routes.ts'
import { kvEntryRoutes } from './kv/entry-routes.ts'
import { kvListRoutes } from './kv/list-routes.ts'
import { kvTransactionRoutes } from './kv/transaction-routes.ts'
import { kvWatchRoutes } from './kv/watch-routes.ts'
import { SpaceClients } from './kv/space-clients.ts'
import { serverLimits } from './limits.ts'
import { Metrics } from './metrics/metrics.ts'
import { metricsRoutes } from './metrics/metrics-routes.ts'
import { openapiRoutes } from './openapi/openapi-routes.ts'

/** What a gateway is made with. */
export interface GatewayOptions {
  readonly db: Database
  /** Who may do what; without them whoever is on this machine may do everything. */
  readonly tokens: Tokens | undefined
  /** Aborted when the server closes. */
  readonly closing: AbortSignal
  readonly connections: () => number
  /** Told of what went wrong in the server. */
  readonly onFault: (error: unknown, where: string) => void
}

/** What features work with. */
export interface Gateway {
  readonly db: Database
  readonly spaces: SpaceClients
  readonly streams: OpenStreams
  readonly metrics: Metrics
  readonly closing: AbortSignal
}

/** The application: give it requests. */
export type Application = Hono<{ readonly Bindings: HttpBindings }>

/** Every feature, in the order in which the router tries them. A feature more is a line more. */
const features: readonly ((gateway: Gateway) => readonly Route[])[] = [
  healthRoutes,
  metricsRoutes,
  actorRoutes,
  kvTransactionRoutes,
  kvListRoutes,
  kvWatchRoutes,
  kvEntryRoutes,
  kvConnectRoutes,
  collectionRoutes,
  collectionWatchRoutes,
  indexRoutes,
  documentRoutes,
]

/** Puts an application together. */
export function createGateway(options: GatewayOptions): Application {
  const { db, closing, connections } = options
  const streams = new OpenStreams(closing)
  const metrics = new Metrics({ connections, streams: () => streams.count, position: () => db.position })
  const gateway: Gateway = { db, spaces: new SpaceClients(db), streams, metrics, closing }
  const served = features.flatMap((feature) => feature(gateway))
  const routes = [...served, ...openapiRoutes(served)]
  const app: Application = new Hono()
  for (const route of routes)
    app.on(route.method, patternOf(route), (context) => serve(options, metrics, route, context))
  app.notFound((context) => refused(metrics, notFound(routes, context.req.method, context.req.path)))
  app.onError((error, context) => {
    options.onFault(error, context.req.method)
    return refused(metrics, error)
  })
  return app
}

async function serve(
  { tokens, onFault }: GatewayOptions,
  metrics: Metrics,
  route: Route,
  context: Context<{ readonly Bindings: HttpBindings }>,
): Promise<Response> {
  const begun = performance.now()
  metrics.begin()
  let response: Response
  try {
    response = await answer(tokens, metrics, route, context)
  } catch (error) {
    if (isServerFault(error) && !(error instanceof ClientGone)) onFault(error, `${route.method} ${route.path}`)
    response = refused(metrics, error, route.tellsProblemsAsText)
    // HTTP/2 has no such header: a stream ends without its connection.
    if (context.env.incoming.httpVersionMajor >= 2) response.headers.delete('connection')
  }
  metrics.end({ method: route.method, route: route.path, status: response.status }, (performance.now() - begun) / 1000)
  return response
}

function answer(
  tokens: Tokens | undefined,
  metrics: Metrics,
  route: Route,
  context: Context<{ readonly Bindings: HttpBindings }>,
): Promise<Response> | Response {
  if (metrics.inFlight > serverLimits.requestsInFlightMax)
    throw new HttpProblem('SERVER_BUSY', `${serverLimits.requestsInFlightMax} requests are waiting. Come again.`)
  const { req, env } = context
  const incoming: Incoming = env.incoming
  const request = new RouteRequest({ incoming, url: req.url, route, signal: () => req.raw.signal })
  if (route.access !== 'anyone') {
    request.principal = authenticate(tokens, (name) => request.header(name))
    authorize(request.principal, route.access(request))
  }
  request.checkParameters()
  return route.handle(request)
}

function refused(metrics: Metrics, error: unknown, asText = false): Response {
  metrics.refused(problemOf(error).code)
  return asText ? problemText(error) : problemResponse(error)
}

// Only for requests that nothing was found for, so it may take its time.
function notFound(routes: readonly Route[], method: string, path: string): HttpProblem {
  const allowed = routes.filter((route) => matcherOf(route).test(path)).map((route) => route.method)
  if (allowed.length === 0)
    return new HttpProblem('ROUTE_UNKNOWN', `There is nothing at ${path}. See /openapi.json for what there is.`)
  const allow = [...new Set(allowed)].join(', ')
  return new HttpProblem('METHOD_NOT_ALLOWED', `${path} takes ${allow}, and no ${method}.`, { allow })
}

function matcherOf(route: Route): RegExp {
  const parts = patternOf(route)
    .split('/')
    .map((part) => (part.endsWith('{.+}') ? '.+' : part.startsWith(':') ? '[^/]+' : escape(part)))
  return new RegExp(`^${parts.join('/')}$`)
}

function escape(text: string): string {
  return text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
}
