// `npm run sim -- --seeds N`: installs and builds what is missing, then runs simulated clusters, each from a seed.
import { join } from 'node:path'
import { build, install, root, runProgram } from './workspace.mjs'

install()
build('test')
process.exitCode = await runProgram(join(root, 'test', 'dist', 'simulation', 'main.js'), process.argv.slice(2))
