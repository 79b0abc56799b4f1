// What may be a key.

import { describe, expect, test } from 'vitest'
import { actorRefOf } from './index.ts'
import { codeOf } from './testing/code-of.ts'

describe('a key', () => {
  test.each([
    ['short', 'a'],
    ['with a slash', 'a/b'],
    ['__proto__', '__proto__'],
    ['of any script', 'ä🎉'],
    ['a space', ' '],
    ['as long as the limit', 'x'.repeat(4096)],
    ['as long as the limit in bytes', 'ä'.repeat(2048)],
  ])('may be %s', (_what, key) => {
    const ref = actorRefOf('T', key)
    expect([ref.type, ref.key, ref.id]).toEqual(['T', key, `T/${key}`])
  })

  test.each([
    ['empty', '', /is empty/],
    ['a number', 5, /is a number/],
    ['null', null, /is a null/],
    ['an array', ['a'], /is a object/],
    ['too long', 'x'.repeat(4097), /4097 bytes/],
    ['too long in bytes', 'ä'.repeat(2049), /4098 bytes/],
    ['10 MB', 'x'.repeat(10_000_000), /above the limit/],
    ['with a NUL', 'a\0', /NUL/],
    ['with a lone surrogate', 'a\ud800', /surrogate/],
  ])('may not be %s', (_what, key, text) => {
    expect(() => actorRefOf('T', key as string)).toThrow(text)
    expect(codeOf(() => actorRefOf('T', key as string))).toBe('KEY_INVALID')
  })
})
