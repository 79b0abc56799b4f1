// `npm run check-history -- FILE…`: installs and builds what is missing, then judges the history in the files.
import { join, resolve } from 'node:path'
import { build, install, root, runNode } from './workspace.mjs'

const program = join(root, 'test', 'dist', 'checkers', 'main.js')
// Files are named from where the command was typed, which npm remembers; the checker runs at the root.
const from = process.env['INIT_CWD'] ?? process.cwd()
const args = process.argv.slice(2).map((arg) => (arg.startsWith('-') ? arg : resolve(from, arg)))

install()
build('test')
process.exitCode = runNode(['--enable-source-maps', '--max-old-space-size=8192', program, ...args])
