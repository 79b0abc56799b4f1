// `npm start`: installs and builds what is missing, then runs the bank, the example that shows the main job.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, root, runNode } from './workspace.mjs'

const program = join(root, 'examples', 'dist', 'bank', 'src', 'main.js')

install()
build('examples')
if (!existsSync(program)) {
  console.error(`There is no ${program}: the bank's source, examples/bank/src/main.ts, is missing.`)
  process.exit(1)
}
process.exitCode = runNode(['--enable-source-maps', program, ...process.argv.slice(2)])
