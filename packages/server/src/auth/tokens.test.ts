// Tokens: who is found by a secret, what they may do, and which lists of tokens are refused, without showing a secret.

import { expect, test } from 'vitest'
import { createHash } from 'node:crypto'
import { parseTokens, type TokenOptions, Tokens } from './tokens.ts'

const secret = 'a-secret-of-some-length'
const sha256 = createHash('sha256').update(secret).digest('hex')
const token: TokenOptions = { name: 'shop', sha256, rights: ['read'], spaces: ['shop-*', 'rates'], actors: ['Account'] }

test('a secret is found by its digest, and no other is', () => {
  const tokens = new Tokens([
    token,
    { ...token, name: 'other', token: 'another-secret-text', sha256: undefined } as never,
  ])
  expect(tokens.find(secret)?.name).toBe('shop')
  expect(tokens.find('another-secret-text')?.name).toBe('other')
  for (const wrong of ['', sha256, `${secret} `, secret.slice(1)]) expect(tokens.find(wrong)).toBeUndefined()
})

test('a token may do what it lists, and nothing else', () => {
  const shop = new Tokens([token]).find(secret)!
  expect([shop.has('read'), shop.has('write'), shop.has('metrics')]).toEqual([true, false, false])
  expect(['shop-1', 'rates', 'shop', 'rates2', '*'].map((space) => shop.maySpace(space))).toEqual([
    true,
    true,
    false,
    false,
    false,
  ])
  expect(['Account', 'Accounts'].map((type) => shop.mayActor(type))).toEqual([true, false])
  const bare = new Tokens([{ name: 'bare', sha256, rights: ['write'] }]).find(secret)!
  expect([bare.maySpace('x'), bare.mayActor('X')]).toEqual([false, false])
})

test.each([
  ['none', []],
  ['a short secret', [{ name: 'a', token: 'short', rights: ['read'] }]],
  ['a secret with a space', [{ name: 'a', token: 'long enough and yet wrong', rights: ['read'] }]],
  ['no secret', [{ name: 'a', rights: ['read'] }]],
  ['two secrets', [{ ...token, token: secret }]],
  ['no name', [{ ...token, name: '' }]],
  ['an unknown right', [{ ...token, rights: ['admin'] }]],
  ['no rights', [{ ...token, rights: [] }]],
  ['a digest that is none', [{ ...token, sha256: 'abc' }]],
  ['a misspelt member', [{ ...token, space: ['x'] }]],
  ['spaces that are no list', [{ ...token, spaces: '*' }]],
  ['one secret twice', [token, { ...token, name: 'again' }]],
  ['null', [null]],
])('refuses %s', (_, list) => {
  expect(() => new Tokens(list as never)).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
})

test('a text that is no JSON is refused without being shown', () => {
  expect(() => parseTokens(`{"tokens":[{"token":"${secret}"`)).toThrow(/^(?!.*a-secret).*no JSON/)
  expect(() => parseTokens('[]')).toThrow(/no list/)
  expect(parseTokens(JSON.stringify({ tokens: [token] }))).toEqual([token])
})
