// The workspace as the other scripts see it: where it is, how it is installed and built, how a tool of it is run.
// Uses nothing but Node and npm, because it is what brings in everything else.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** The published packages, each as its folder. */
export const packageFolders = readdirSync(join(root, 'packages'))
  .map((name) => join(root, 'packages', name))
  .filter((folder) => existsSync(join(folder, 'package.json')))
  .toSorted()

const installStamp = join(root, 'node_modules', '.streamy-installed')
const tools = {
  attw: '@arethetypeswrong/cli/dist/index.js',
  knip: 'knip/bin/knip.js',
  oxfmt: 'oxfmt/bin/oxfmt',
  oxlint: 'oxlint/bin/oxlint',
  publint: 'publint/src/cli.js',
  tsc: 'typescript/bin/tsc',
  vitest: 'vitest/vitest.mjs',
}

/** Installs the dependencies that the lockfile names, unless they are already there. Ends the process on failure. */
export function install() {
  const wanted = dependencyHash()
  if (existsSync(installStamp) && readFileSync(installStamp, 'utf8') === wanted) return
  console.log('Installing dependencies (the first time this takes a moment) …')
  const result = pnpm(['install', '--frozen-lockfile'])
  if (result.status !== 0) {
    console.error(`${result.stdout}${result.stderr}\nThe dependencies could not be installed: see above.`)
    process.exit(1)
  }
  mkdirSync(dirname(installStamp), { recursive: true })
  writeFileSync(installStamp, wanted)
}

/** Compiles what has changed since the last time, in the named projects (all of them when none is named). */
export function build(...projects) {
  const status = runTool('tsc', ['-b', ...projects])
  if (status === 0) return
  console.error('The build failed: see the compiler errors above.')
  process.exit(1)
}

/** Runs a tool of the workspace with this process's terminal; returns its exit status. */
export function runTool(name, args, options = {}) {
  return runNode([join(root, 'node_modules', tools[name]), ...args], options)
}

/** Runs Node with this process's terminal; returns its exit status. */
export function runNode(args, options = {}) {
  const result = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit', ...options })
  if (result.error) throw result.error
  return result.status ?? 1
}

/**
 * Runs a program of ours with this process's terminal; resolves with its exit status. Signals that would end this process
 * are the program's to handle: it has things to stop before it ends.
 */
export function runProgram(file, args) {
  const child = spawn(process.execPath, ['--enable-source-maps', file, ...args], { cwd: root, stdio: 'inherit' })
  // A terminal sends Ctrl-C to both; whoever sends a signal to this process alone means the program as well.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (status) => resolve(status ?? 1))
  })
}

/** Runs the pnpm that package.json pins, without a terminal and without questions; returns its result and output. */
export function pnpm(args, options = {}) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return spawnSync('npx', ['-y', packageManager, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, CI: 'true' },
    shell: process.platform === 'win32',
    ...options,
  })
}

function dependencyHash() {
  const hash = createHash('sha256')
  const folders = [root, ...packageFolders, ...['bench', 'examples', 'test'].map((name) => join(root, name))]
  const manifests = folders.map((folder) => join(folder, 'package.json')).filter((file) => existsSync(file))
  for (const file of [join(root, 'pnpm-lock.yaml'), join(root, 'pnpm-workspace.yaml'), ...manifests])
    hash.update(readFileSync(file)).update('\0')
  return hash.update(`${process.platform} ${process.arch}`).digest('hex')
}
