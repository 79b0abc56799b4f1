// Debian's packages, unpacked into a cache folder of the project without touching the system: a source list, lists and
// status of its own, the mirror taken from the machine's own apt sources. Not an installer: it unpacks.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'

/** A suite of Debian that has a nats-server new enough. */
export type DebianSuite = 'trixie' | 'forky'

/** What to unpack, and where. */
export interface DebianPackages {
  readonly packages: readonly string[]
  /** Another suite than the machine's own: then the packages come alone, so they must need nothing but libc. */
  readonly suite?: DebianSuite
  /** Where they are unpacked; what is there already is taken to be them. */
  readonly folder: string
}

const run = promisify(execFile)
const fetching = new Map<string, Promise<void>>()
const machineStatus = '/var/lib/dpkg/status'

interface Mirror {
  readonly uri: string
  readonly codename: string
  readonly signedBy: string | undefined
}

/** Unpacks packages of Debian, and, from the machine's own suite, what they depend on and the machine lacks. */
export async function fetchDebianPackages(wanted: DebianPackages): Promise<void> {
  const { folder } = wanted
  if (existsSync(folder)) return
  const underWay = fetching.get(folder) ?? fetchInto(wanted).finally(() => fetching.delete(folder))
  fetching.set(folder, underWay)
  await underWay
}

// Several test processes may fetch at once: each works in a folder of its own, and the first to rename it wins.
async function fetchInto(wanted: DebianPackages): Promise<void> {
  const mirror = debianMirror()
  if (mirror === undefined) throw new Error('the apt sources of this machine name no Debian mirror')
  const cache = dirname(wanted.folder)
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, `.${basename(wanted.folder)}-`))
  try {
    await unpack(wanted, mirror, work)
    await rename(join(work, 'unpacked'), wanted.folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function unpack({ packages, suite }: DebianPackages, mirror: Mirror, work: string): Promise<void> {
  const folders = ['state', 'lists/partial', 'cache/archives/partial', 'download', 'unpacked']
  for (const folder of folders) await mkdir(join(work, folder), { recursive: true })
  const signed = mirror.signedBy === undefined ? '' : `[signed-by=${mirror.signedBy}] `
  await writeFile(join(work, 'sources.list'), `deb ${signed}${mirror.uri} ${suite ?? mirror.codename} main\n`)
  const archives = join(work, suite === undefined ? 'cache/archives' : 'download')
  const apt = async (...args: readonly string[]): Promise<void> => {
    await run('apt-get', [...aptOptions(work), ...args], { cwd: join(work, 'download') })
  }
  if (suite === undefined) {
    // By the machine's own status apt leaves out what is installed already.
    await copyFile(machineStatus, join(work, 'status'))
    await apt('update')
    await apt('install', '-y', '--download-only', '--reinstall', '--no-install-recommends', ...packages)
  } else {
    await writeFile(join(work, 'status'), '')
    await apt('update')
    await apt('download', ...packages)
  }
  const names = (await readdir(archives)).filter((name) => name.endsWith('.deb'))
  if (names.length < packages.length) throw new Error(`apt-get did not download all of ${packages.join(', ')}`)
  for (const name of names) await run('dpkg', ['-x', join(archives, name), join(work, 'unpacked')])
}

function aptOptions(work: string): readonly string[] {
  const settings = {
    'Dir::Etc::sourcelist': join(work, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::State': join(work, 'state'),
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': join(work, 'status'),
    'Dir::Cache': join(work, 'cache'),
    'Acquire::Languages': 'none',
    // The user that apt would change to may not write into a checkout.
    'APT::Sandbox::User': 'root',
  }
  return ['-q', ...Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])]
}

/** The mirror this machine gets its own Debian from; undefined where it is no Debian. */
function debianMirror(): Mirror | undefined {
  const release = readIfThere('/etc/os-release')
  const codename = /^VERSION_CODENAME=(.*)$/m.exec(release)?.[1]
  if (!/^ID=debian$/m.test(release) || codename === undefined) return undefined
  const folder = '/etc/apt/sources.list.d'
  const files = existsSync(folder) ? readdirSync(folder).toSorted() : []
  const stanzas = files.filter((name) => name.endsWith('.sources')).map((name) => readIfThere(join(folder, name)))
  const lists = files.filter((name) => name.endsWith('.list')).map((name) => readIfThere(join(folder, name)))
  return (
    stanzas.flatMap((text) => mirrorsInStanzas(text, codename))[0] ??
    [readIfThere('/etc/apt/sources.list'), ...lists].flatMap((text) => mirrorsInList(text, codename))[0]
  )
}

function mirrorsInStanzas(text: string, codename: string): readonly Mirror[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map(Array.from(stanza.matchAll(/^([\w-]+):[ \t]*(.*)$/gm), ([, name, value]) => [name, value]))
    const names = (field: string): readonly string[] => fields.get(field)?.split(/\s+/) ?? []
    const serves = names('Suites').includes(codename) && names('Components').includes('main')
    const [uri] = names('URIs')
    return serves && uri !== undefined && fields.get('Enabled') !== 'no'
      ? [{ uri, codename, signedBy: fields.get('Signed-By') }]
      : []
  })
}

function mirrorsInList(text: string, codename: string): readonly Mirror[] {
  return Array.from(text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)).flatMap(
    ([, options = '', uri = '', suite, components = '']) =>
      suite === codename && components.split(/\s+/).includes('main')
        ? [{ uri, codename, signedBy: /signed-by=(\S+)/.exec(options)?.[1] }]
        : [],
  )
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
