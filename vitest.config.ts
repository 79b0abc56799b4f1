// How the tests run: from the sources, without a build, through the `source` condition of each package's `exports`.
// Not here: checking types (`tsc -b` does that, the tests' own types and the *.test-d.ts files included).
import { transform } from 'esbuild'
import { transformWithOxc, type Plugin } from 'vite'
import { defineConfig } from 'vitest/config'
import { ClosingLineReporter } from './scripts/closing-line-reporter.mjs'

const conditions = ['source', 'node', 'import', 'module', 'default']

// Decorators come in three dialects, and a file's name says which one it is written in:
//   *.standard.ts, *.standard.test.ts   the standard ones. Vite's compiler parses but does not lower them, and Node 20
//                                       cannot run them, so esbuild compiles these files.
//   *.metadata.ts, *.metadata.test.ts   legacy ones with emitted metadata (`emitDecoratorMetadata`).
//   every other file                    legacy ones without.
// Each package's tsconfig.standard.json, tsconfig.metadata.json and tsconfig.test.json check the same files alike.
const dialects: Plugin = {
  name: 'decorator-dialects',
  enforce: 'pre',
  async transform(code, id) {
    const dialect = /\.(standard|metadata)(\.test)?\.ts$/.exec(id)?.[1]
    if (dialect === 'standard')
      return await transform(code, { loader: 'ts', target: 'node20', sourcefile: id, sourcemap: true })
    if (dialect === 'metadata')
      return await transformWithOxc(code, id, { decorator: { legacy: true, emitDecoratorMetadata: true } })
    return undefined
  },
}

export default defineConfig({
  plugins: [dialects],
  oxc: { decorator: { legacy: true } },
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'bench/src/**/*.test.ts', 'test/**/*.test.ts'],
    // A bound on what hangs, not on what is slow: the machine may be busy with something else.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    reporters: ['default', new ClosingLineReporter()],
  },
})
