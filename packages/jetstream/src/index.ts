// Public face of Streamy's cluster I/O, by name.

export { isSupportedServer, oldestServer } from './server-version.ts'
