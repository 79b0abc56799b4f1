// `npm run cluster`: installs and builds what is missing, then shows a cluster whose parts die one after the other.
import { join } from 'node:path'
import { build, install, root, runProgram } from './workspace.mjs'

install()
build('examples')
process.exitCode = await runProgram(join(root, 'examples', 'dist', 'cluster', 'src', 'main.js'), process.argv.slice(2))
