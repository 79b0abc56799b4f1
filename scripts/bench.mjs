// `npm run bench -- …`: installs and builds what is missing, then runs the benchmarks with the arguments given.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { build, install, root, runNode } from './workspace.mjs'

const program = join(root, 'bench', 'dist', 'main.js')

install()
build('bench')
if (!existsSync(program)) {
  console.error(`There is no ${program}: the benchmarks' source, bench/src/main.ts, is missing.`)
  process.exit(1)
}
process.exitCode = runNode(['--expose-gc', '--enable-source-maps', program, ...process.argv.slice(2)])
