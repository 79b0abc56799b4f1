// Finding private members in source text: what is one, and what only looks like one.

import { describe, expect, test } from 'vitest'
import { privateMembersIn } from './private-members.ts'

describe('private members are', () => {
  test.each([
    ['fields', 'class A { #a = 1; #b }', ['#a', '#b']],
    [
      'methods, getters, setters, generators',
      'class A { #m() {} get #g() {} set #g(v) {} *#i() {} async #j() {} }',
      ['#m', '#g', '#i', '#j'],
    ],
    ['after a method', 'class A { m() { return { a: 1 } } #x = 1 }', ['#x']],
    ['after a heritage with braces in parentheses', 'class A extends mixin({ a: 1 }) { #x }', ['#x']],
    ['with escapes', String.raw`class A { #\u0061b = 1 }`, [String.raw`#\u0061b`]],
    ['after a division', 'class A { r = a / b; #x = 1; s = c / d }', ['#x']],
    ['after a regular expression with a brace', 'class A { m() { return /[/}]{/ } #x }', ['#x']],
    ['after a template with braces', 'class A { t = `}${ { a: `}` } }{`; #x }', ['#x']],
  ])('%s', (_what, source, names) => {
    expect(privateMembersIn(source)).toEqual(names)
  })
})

describe('private members are not', () => {
  test.each([
    ['static ones', 'class A { static #a = 1; static async #b() {} static get #c() { return 1 } static { A.#a } }'],
    ['strings, comments, templates', 'class A { a = "#x"; b = \'#y\'; /* #z = 1; */ c = `#w ${`#v`}` // #u\n }'],
    ['regular expressions', 'class A { a = /#x/; b = /[/#]#y/g; m() { return /#z/ } }'],
    ['uses', 'class A { m(o) { return #x in o } f = this.#y; g = this?.#z }'],
    ['members of inner classes', 'class A { m() { return class { #x = 1 } } n = class { #y = 1 } }'],
  ])('%s', (_what, source) => {
    expect(privateMembersIn(source)).toEqual([])
  })
})
