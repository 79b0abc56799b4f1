// The subjects of a database: each its own, each valid, and none of them where another database's could be.

import { expect, it } from 'vitest'
import { databaseSubjects, discoverySubjects, isInbox } from './subjects.ts'

it('are all different, within a database and between databases', () => {
  const all = ['a', 'b', 'log', 'database'].flatMap((id) => {
    const { log, control, peer, query } = databaseSubjects(id)
    return [log, control, peer(0), peer(12), query(0), query(12)]
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
  for (const id of ['', 'a.b', '*', '>', 'a b', 'ä'])
    for (const subjects of [databaseSubjects, discoverySubjects])
      expect(() => subjects(id)).toThrow(expect.objectContaining({ code: 'OPTIONS_INVALID' }))
})

it('are no inboxes, and inboxes are', () => {
  const { log, control, peer, query } = databaseSubjects('a')
  expect([log, control, peer(0), query(0), '$JS.API.INFO', '_INBOX'].filter(isInbox)).toEqual([])
  expect(['_INBOX.a', '_INBOX_client.a.b', '_INBOX.abc.1-0'].filter((subject) => !isInbox(subject))).toEqual([])
})
