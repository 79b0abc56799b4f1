// Debian's nats-server package, fetched into a cache folder of the project without touching the system: a source list,
// lists and status of its own, the mirror taken from the machine's own apt sources. Not an installer: it unpacks.

import { execFile } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A suite of Debian that has a nats-server new enough. */
export type DebianSuite = 'trixie' | 'forky'

const run = promisify(execFile)
const fetching = new Map<DebianSuite, Promise<string>>()

interface Mirror {
  readonly uri: string
  readonly signedBy: string | undefined
}

/** Path of the nats-server of `suite`, fetched into `cache` when it is not there yet. */
export async function fetchDebianServer(suite: DebianSuite, cache: string): Promise<string> {
  const binary = join(cache, suite, 'usr', 'sbin', 'nats-server')
  if (existsSync(binary)) return binary
  const under = fetching.get(suite) ?? fetchInto(suite, cache).finally(() => fetching.delete(suite))
  fetching.set(suite, under)
  await under
  return binary
}

// Several test processes may fetch at once: each works in a folder of its own, and the first to rename it wins.
async function fetchInto(suite: DebianSuite, cache: string): Promise<string> {
  const mirror = debianMirror()
  if (mirror === undefined) throw new Error('the apt sources of this machine name no Debian mirror')
  await mkdir(cache, { recursive: true })
  const work = await mkdtemp(join(cache, `.${suite}-`))
  try {
    await unpack(suite, mirror, work)
    await rename(join(work, 'unpacked'), join(cache, suite)).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error
    })
    return join(cache, suite)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

async function unpack(suite: DebianSuite, mirror: Mirror, work: string): Promise<void> {
  const folders = ['state', 'lists/partial', 'cache/archives/partial', 'download', 'unpacked']
  for (const folder of folders) await mkdir(join(work, folder), { recursive: true })
  await writeFile(join(work, 'status'), '')
  const signed = mirror.signedBy === undefined ? '' : `[signed-by=${mirror.signedBy}] `
  await writeFile(join(work, 'sources.list'), `deb ${signed}${mirror.uri} ${suite} main\n`)
  const download = join(work, 'download')
  await run('apt-get', [...aptOptions(work), 'update'], { cwd: download })
  await run('apt-get', [...aptOptions(work), 'download', 'nats-server'], { cwd: download })
  const archive = (await readdir(download)).find((name) => name.endsWith('.deb'))
  if (archive === undefined) throw new Error(`apt-get downloaded no package from ${suite}`)
  await run('dpkg', ['-x', join(download, archive), join(work, 'unpacked')])
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
      ? [{ uri, signedBy: fields.get('Signed-By') }]
      : []
  })
}

function mirrorsInList(text: string, codename: string): readonly Mirror[] {
  return Array.from(text.matchAll(/^deb\s+(?:\[([^\]]*)\]\s+)?(\S+)\s+(\S+)\s+(.*)$/gm)).flatMap(
    ([, options = '', uri = '', suite, components = '']) =>
      suite === codename && components.split(/\s+/).includes('main')
        ? [{ uri, signedBy: /signed-by=(\S+)/.exec(options)?.[1] }]
        : [],
  )
}

function readIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : ''
}
