// What a stranger gets: all packages packed as they would be published, installed with npm into a project outside the
// workspace, where the README's first example must compile and print what the README says it prints (its first `text`
// block). Packs what is built, so build first; `npm test` does. Needs npm's registry or a filled npm cache.
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'

interface PackedPackage {
  readonly name: string
  readonly tarball: string
}

interface Manifest {
  readonly devDependencies: Readonly<Record<string, string>>
}

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const typescript = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
const installTimeoutMs = 180_000
const readme = readFileSync(join(root, 'README.md'), 'utf8')

let project = ''

beforeAll(() => {
  project = mkdtempSync(join(tmpdir(), 'streamy-stranger-'))
  writeManifest(pack(join(project, 'tarballs')))
  run('npm', ['install', '--no-audit', '--no-fund', '--no-package-lock', '--prefer-offline', '--loglevel=error'])
}, installTimeoutMs)

afterAll(() => {
  rmSync(project, { recursive: true, force: true })
})

test.each([
  { dialect: 'legacy', experimentalDecorators: true },
  { dialect: 'standard', experimentalDecorators: false },
])(
  "the README's first example compiles and runs with $dialect decorators",
  ({ dialect, experimentalDecorators }) => {
    const folder = join(project, dialect)
    mkdirSync(folder)
    writeFileSync(join(folder, 'main.ts'), firstBlock('ts'))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: options(experimentalDecorators) }))
    run(process.execPath, [typescript, '-p', folder])
    expect(run(process.execPath, [join(folder, 'dist', 'main.js')]).trim()).toBe(firstBlock('text').trim())
  },
  installTimeoutMs,
)

function pack(destination: string): readonly PackedPackage[] {
  const output = execFileSync(process.execPath, [join(root, 'scripts', 'pack.mjs'), destination], { encoding: 'utf8' })
  return JSON.parse(output) as readonly PackedPackage[]
}

// Every package is named as a dependency of its own, so that none of them is looked for in a registry.
function writeManifest(packed: readonly PackedPackage[]): void {
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest
  const dependencies = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]))
  const manifest = {
    name: 'stranger',
    private: true,
    type: 'module',
    dependencies: { ...dependencies, '@types/node': devDependencies['@types/node'] },
  }
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest))
}

function options(experimentalDecorators: boolean): object {
  return { target: 'ES2023', module: 'NodeNext', strict: true, types: ['node'], outDir: 'dist', experimentalDecorators }
}

function firstBlock(language: string): string {
  const block = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, 'm').exec(readme)?.[1]
  if (block === undefined) throw new Error(`README.md has no \`\`\`${language} block`)
  return block
}

// The environment of `npm test` says where the workspace is; the stranger must not see that.
function run(command: string, args: readonly string[]): string {
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => isTheStrangers(name)))
  try {
    return execFileSync(command, args, { cwd: project, encoding: 'utf8', env, stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout?: string; readonly stderr?: string }
    throw new Error(`${command} ${args.join(' ')} failed:\n${stdout ?? ''}${stderr ?? ''}`, { cause: error })
  }
}

function isTheStrangers(name: string): boolean {
  return !/^(npm_(package|lifecycle|config_local_prefix|command)|INIT_CWD|VITEST|NODE_OPTIONS|NODE_ENV)/.test(name)
}
