// Packs every published package, as built now, into a folder: `node scripts/pack.mjs FOLDER`. Prints a JSON array with
// the name and the tarball of each. Does not build, so that a caller who has just built pays once.
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { packageFolders, pnpm } from './workspace.mjs'

const destination = resolve(process.argv[2] ?? '.')
mkdirSync(destination, { recursive: true })
const result = pnpm(['--filter', './packages/*', 'pack', '--pack-destination', destination])
if (result.status !== 0) {
  console.error(`${result.stdout}${result.stderr}\nThe packages could not be packed: see above.`)
  process.exit(1)
}
console.log(JSON.stringify(packageFolders.map(packed)))

function packed(folder) {
  const { name, version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
  return { name, tarball: join(destination, `${name.replace('@', '').replace('/', '-')}-${version}.tgz`) }
}
