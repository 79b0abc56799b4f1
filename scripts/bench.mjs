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
// The young generation as the README recommends it for thousands of calls under way; the floor has it as well. It starts at
// that size, because the full collection before each round would shrink it.
const flags = ['--expose-gc', '--max-semi-space-size=64', '--min-semi-space-size=64', '--enable-source-maps']
process.exitCode = runNode([...flags, program, ...process.argv.slice(2)])
