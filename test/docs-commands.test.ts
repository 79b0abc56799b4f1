// The commands in docs/http.md: each `sh` block is run line by line against a server, and must print the `text` block behind
// it. Versions differ from run to run and are not looked at. Build first; `npm test` does.

import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { actors, program, ServedProcess } from './server/served-process.ts'

interface Block {
  readonly commands: readonly string[]
  readonly output: string
}

const page = readFileSync(join(dirname(dirname(fileURLToPath(import.meta.url))), 'docs', 'http.md'), 'utf8')
const blocks: readonly Block[] = Array.from(
  page.matchAll(/^```sh\n([\s\S]*?)^```\n\n```text\n([\s\S]*?)^```$/gm),
  ([, commands = '', output = '']) => ({ commands: commands.trim().split('\n'), output: masked(output.trim()) }),
)
let server: ServedProcess

beforeAll(async () => {
  server = await ServedProcess.start(['--data', ':memory:', '--actors', actors, '--port', '0'])
})
afterAll(() => server.stop())

test('every block of commands has its output', () => {
  expect(blocks.length).toBe(page.match(/^```sh$/gm)?.length)
  expect(blocks.length).toBeGreaterThan(3)
})

// The blocks go on where those before them have ended.
test('the commands print what the page says', async () => {
  for (const { commands, output } of blocks) {
    const printed: string[] = []
    for (const command of commands) printed.push((await shell(command)).trim())
    expect(masked(printed.join('\n'))).toBe(output)
  }
})

function shell(command: string): Promise<string> {
  const text = command
    .replaceAll('http://localhost:4321', server.url)
    .replace(/^curl /, 'curl -sS ')
    .replace(/^streamy /, `"${process.execPath}" "${program}" `)
  return new Promise((resolve, reject) => {
    execFile('sh', ['-c', text], (error, output, errors) => {
      if (error === null) resolve(output)
      else reject(new Error(`${command}\n${errors}`, { cause: error }))
    })
  })
}

function masked(text: string): string {
  return text.replaceAll(/\b[0-9a-f]{20}\b/g, 'VERSION')
}
