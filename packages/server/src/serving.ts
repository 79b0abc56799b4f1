// What serving takes, as one module to be loaded when a server starts.

export { getRequestListener } from '@hono/node-server'
export { createGateway } from './gateway.ts'
export { Listener } from './http/listener.ts'
