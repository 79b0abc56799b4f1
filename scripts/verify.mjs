// `npm run verify`: everything that must hold before a change lands. Format, lint, types from a clean build, tests, the
// packed packages as their users' tools see them, and what nobody uses. Runs every step, then says which failed.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { install, packageFolders, root, runTool } from './workspace.mjs'

const steps = {
  format: () => runTool('oxfmt', ['--check']),
  lint: () => runTool('oxlint', ['--type-aware', '--deny-warnings']),
  types: compileFromNothing,
  tests: () => runTool('vitest', ['run']),
  packages: checkPackages,
  unused: () => runTool('knip', ['--no-progress', '--no-config-hints']),
}

install()
const failed = Object.entries(steps).filter(([name, step]) => !succeeds(name, step))
console.log(
  failed.length === 0 ? '\nEverything holds.' : `\nFailed: ${failed.map(([name]) => name).join(', ')}. See above.`,
)
process.exitCode = failed.length === 0 ? 0 : 1

function succeeds(name, step) {
  console.log(`\n== ${name}`)
  const start = performance.now()
  const status = step()
  console.log(`${name}: ${status === 0 ? 'ok' : 'failed'} after ${((performance.now() - start) / 1000).toFixed(1)} s`)
  return status === 0
}

// From nothing, so that no file whose source is gone is left to be packed.
function compileFromNothing() {
  for (const folder of [...packageFolders, ...['bench', 'examples', 'test'].map((name) => join(root, name))])
    rmSync(join(folder, 'dist'), { recursive: true, force: true })
  return runTool('tsc', ['-b'])
}

function checkPackages() {
  const destination = mkdtempSync(join(tmpdir(), 'streamy-packed-'))
  try {
    const script = join(root, 'scripts', 'pack.mjs')
    const packed = JSON.parse(execFileSync(process.execPath, [script, destination], { encoding: 'utf8' }))
    const statuses = packed.flatMap(({ tarball }) => [runTool('publint', ['run', tarball, '--strict']), attw(tarball)])
    return Math.max(...statuses)
  } finally {
    rmSync(destination, { recursive: true, force: true })
  }
}

// Its tables are long and say something only when something is wrong.
function attw(tarball) {
  const args = [tarball, '--profile', 'esm-only']
  return runTool('attw', [...args, '--quiet']) === 0 ? 0 : runTool('attw', args)
}
