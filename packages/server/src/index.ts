// Public face of the server, by name. It loads nothing that serves requests.

export { parseTokens, type Right, type TokenOptions } from './auth/tokens.ts'
export { serverActors, serverErrors } from './server-actors.ts'
export { type RunningServer, type ServerOptions, startServer } from './start-server.ts'
