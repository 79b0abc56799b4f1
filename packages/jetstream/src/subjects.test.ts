// The subjects of a database: each its own, each valid, and none of them where another database's could be.

import { expect, it } from 'vitest'
import { busSubject, databaseSubjects, discoverySubjects } from './subjects.ts'

it('are all different, within a database and between databases', () => {
  const all = ['a', 'b', 'log', 'identity'].flatMap((id) => {
    const subjects = databaseSubjects(id)
    return [
      subjects.log,
      subjects.clientLog('web'),
      subjects.clientLog('web.eu'),
      busSubject(`${id}.peer.0`),
      busSubject(`${id}.question.0`),
    ]
  })
  const found = ['a', 'b', 'identity'].flatMap((name) => {
    const { identity, log } = discoverySubjects(name)
    return [identity, log]
  })
  expect(new Set([...all, ...found]).size).toBe(all.length + found.length)
  for (const subject of [...all, ...found]) expect(subject).toMatch(/^[\w-]+(\.[\w-]+)+$/)
})

it('keep the streams of databases and of names apart', () => {
  const ids = ['a', 'DATABASE_a', 'LOG_a'].map((id) => databaseSubjects(id).logStream)
  const names = ['a', 'DATABASE_a', 'LOG_a'].map((name) => discoverySubjects(name).stream)
  expect(new Set([...ids, ...names]).size).toBe(6)
})

it('take no id that would say something else', () => {
  for (const id of ['database', 'hello', 'welcome'])
    expect(() => databaseSubjects(id)).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
  for (const id of ['', 'a.b', '*', '>', 'a b', 'ä'])
    for (const subjects of [databaseSubjects, discoverySubjects])
      expect(() => subjects(id)).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
})
