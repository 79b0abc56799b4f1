// Finds the `#private` instance members that a class declares, by reading its source. They cannot be state: nothing
// outside the class sees them, and a handler's `this`, which is a facade, does not have them. Static ones belong to the
// class itself and do no harm.
//
// This is no parser: it splits the source into tokens well enough to tell a member's declaration from a `#` in a
// string, a template, a comment, a regular expression, a use such as `this.#x`, or a class within the class.

const tokenPattern = new RegExp(
  [
    String.raw`(?<space>\s+|//[^\n]*|/\*[\s\S]*?\*/)`,
    String.raw`(?<text>'(?:\\[\s\S]|[^'\\\n])*'|"(?:\\[\s\S]|[^"\\\n])*")`,
    String.raw`(?<name>#?[\p{ID_Start}$_\\][\p{ID_Continue}$\u200c\u200d\\]*)`,
    String.raw`(?<number>\.?\d[\w.]*)`,
    String.raw`(?<mark>\?\.|=>|[\s\S])`,
  ].join('|'),
  'uy',
)
const regexPattern = /\/(?:\\[^\n]|\[(?:\\[^\n]|[^\]\\\n])*\]|[^/\\[\n])+\/[a-z]*/y

// After these words, or after a mark that ends no value, a slash begins a regular expression.
const wordsBeforeValue = new Set(
  'await case delete do else in instanceof new of return throw typeof void yield'.split(' '),
)
const modifiers = new Set(['async', 'get', 'set', '*', 'static'])

/** Names of the private instance members that a class of this source itself declares, with their `#`. */
export function privateMembersIn(source: string): readonly string[] {
  return source.includes('#') ? declaredIn(tokensOf(source)) : []
}

function declaredIn(tokens: readonly string[]): readonly string[] {
  const found: string[] = []
  const body = bodyStart(tokens)
  let depth = 0
  for (let at = body; at < tokens.length; at++) {
    const token = tokens[at]!
    if ('{(['.includes(token)) depth += 1
    else if ('})]'.includes(token)) depth -= 1
    else if (depth === 1 && token.startsWith('#') && isDeclaration(tokens, at) && !isStatic(tokens, at))
      found.push(token)
  }
  return [...new Set(found)]
}

// The first brace outside parentheses opens the body: `class Name extends mixin({}) {`.
function bodyStart(tokens: readonly string[]): number {
  let depth = 0
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at]!
    if (token === '{' && depth === 0) return at
    if ('(['.includes(token)) depth += 1
    else if (')]'.includes(token)) depth -= 1
  }
  return tokens.length
}

function isDeclaration(tokens: readonly string[], at: number): boolean {
  const before = tokens[at - 1]
  return before !== '.' && before !== '?.' && tokens[at + 1] !== 'in'
}

function isStatic(tokens: readonly string[], at: number): boolean {
  for (let back = at - 1; back >= 0 && modifiers.has(tokens[back]!); back--) if (tokens[back] === 'static') return true
  return false
}

/** Splits source into names, numbers and marks; strings, templates and regular expressions become one empty name. */
function tokensOf(source: string): string[] {
  const tokens: string[] = []
  let at = 0
  while (at < source.length) {
    const skipped = skipLiteral(source, at, tokens.at(-1))
    if (skipped > at) {
      tokens.push('value')
      at = skipped
      continue
    }
    tokenPattern.lastIndex = at
    const match = tokenPattern.exec(source)!
    at = tokenPattern.lastIndex
    const { space, text } = match.groups!
    if (text !== undefined) tokens.push('value')
    else if (space === undefined) tokens.push(match[0])
  }
  return tokens
}

function skipLiteral(source: string, at: number, before: string | undefined): number {
  if (source[at] === '`') return skipTemplate(source, at)
  if (source[at] !== '/' || '/*'.includes(source[at + 1] ?? '') || !valueMayFollow(before)) return at
  regexPattern.lastIndex = at
  return regexPattern.test(source) ? regexPattern.lastIndex : at
}

function valueMayFollow(before: string | undefined): boolean {
  if (before === undefined || wordsBeforeValue.has(before)) return true
  return !/[\p{ID_Continue}$)\]]$/u.test(before)
}

function skipTemplate(source: string, start: number): number {
  let at = start + 1
  while (at < source.length && source[at] !== '`') {
    if (source[at] === '\\') at += 2
    else if (source.startsWith('${', at)) at = skipSubstitution(source, at + 2)
    else at += 1
  }
  return at + 1
}

// Strings and templates within a substitution may hold braces; what else it holds does not matter here.
function skipSubstitution(source: string, start: number): number {
  let depth = 1
  let at = start
  while (at < source.length && depth > 0) {
    if (source[at] === '`') {
      at = skipTemplate(source, at)
      continue
    }
    tokenPattern.lastIndex = at
    const [token] = tokenPattern.exec(source)!
    if (token === '{') depth += 1
    else if (token === '}') depth -= 1
    at = tokenPattern.lastIndex
  }
  return at
}
