// Regular expressions of filters. They run on RE2's automata (re2js), in time linear in the text, whatever the expression:
// JavaScript's own may backtrack for ever, inside a handler, and lean on the ICU that Node was built with. What automata
// cannot do, looking around and referring back, is refused.

import { RE2JS, RE2JSException } from 're2js'
import { BoundedMemo } from '../bounded-memo.ts'
import { FilterInvalid } from '../document-errors.ts'
import { documentLimits } from '../limits.ts'

/** Whether a text matches somewhere. */
export type TestPattern = (text: string) => boolean

const flagOf: Readonly<Record<string, number>> = {
  i: RE2JS.CASE_INSENSITIVE,
  m: RE2JS.MULTILINE,
  s: RE2JS.DOTALL,
}
// Options that mean nothing here: RE2 always works on whole characters, and a test has no place to start from.
const ignored = 'uvgy'

const compiled = new BoundedMemo<TestPattern>((key) => {
  const at = key.indexOf('/')
  return compile(key.slice(at + 1), key.slice(0, at))
})

/** The test of an expression. Throws {@link FilterInvalid}. */
export function patternOf(source: string, options: string): TestPattern {
  return compiled.get(`${options}/${source}`)
}

function compile(source: string, options: string): TestPattern {
  if (source.length > documentLimits.patternLengthMax)
    throw invalid(source, `has more than ${documentLimits.patternLengthMax} characters`)
  let flags = 0
  for (const option of options) {
    const flag = flagOf[option]
    if (flag === undefined && !ignored.includes(option)) throw invalid(source, `has the unknown option ${option}`)
    flags |= flag ?? 0
  }
  const automaton = automatonOf(source, flags)
  return (text) => automaton.test(text)
}

function automatonOf(source: string, flags: number): RE2JS {
  try {
    return RE2JS.compile(RE2JS.translateRegExp(source), flags)
  } catch (cause) {
    if (!(cause instanceof RE2JSException)) throw cause
    throw invalid(source, `cannot be run in linear time or is none: ${cause.message}`)
  }
}

function invalid(source: string, problem: string): FilterInvalid {
  const shown = source.length > 60 ? `${source.slice(0, 60)}…` : source
  return new FilterInvalid(
    `The regular expression /${shown}/ ${problem}. Expressions are RE2's: no looking around, no references back.`,
    { operator: '$regex', path: '' },
  )
}
