// `npm test`: installs and builds what is missing, then runs every test. Compiling checks the type tests
// (*.test-d.ts) too. Arguments go to vitest: `npm test -- packages/core` runs the tests of one package.
import { build, install, runTool } from './workspace.mjs'

install()
build()
process.exitCode = runTool('vitest', ['run', ...process.argv.slice(2)])
