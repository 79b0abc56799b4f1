// `npm run chaos -- --minutes M`: installs and builds what is missing, then lets random faults loose on a cluster.
import { join } from 'node:path'
import { build, install, root, runProgram } from './workspace.mjs'

install()
build('test')
process.exitCode = await runProgram(join(root, 'test', 'dist', 'cluster', 'chaos', 'main.js'), process.argv.slice(2))
