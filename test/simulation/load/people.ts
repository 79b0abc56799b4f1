// People, as the documents of simulated clusters, and what is asked and changed of them: few values, so that they meet.

import type { Plain, RandomQuery } from '@streamy-db/documents/testing'
import type { Dice } from '../../differential/dice.ts'

export const personIds: readonly string[] = Array.from({ length: 14 }, (_, number) => `p${number}`)
const teams = ['red', 'green', 'blue']
const tags = ['a', 'b', 'c', 'd']
const emailCount = 10
const agesCount = 8

/** A person; about one in five has no address. */
export function drawPerson(dice: Dice, id: string): Plain {
  const person = { _id: id, team: dice.pick(teams), age: dice.below(agesCount), tags: drawTags(dice) }
  return dice.happens(0.8) ? { ...person, email: drawEmail(dice) } : person
}

/** A filter for what is written. It holds the mark, and so that it makes no difference. */
export function drawWhom(dice: Dice, mark: string): Plain {
  const who = dice.happens(0.5) ? { _id: dice.pick(personIds) } : drawFilter(dice)
  return { ...who, by: { $ne: `not ${mark}` } }
}

/** An update. */
export function drawUpdate(dice: Dice): Plain {
  switch (dice.weighted({ team: 3, age: 3, email: 3, push: 2, pull: 1, add: 1, unset: 1 })) {
    case 'team':
      return { $set: { team: dice.pick(teams), age: dice.below(agesCount) } }
    case 'age':
      return { $inc: { age: dice.pick([1, -1]) } }
    case 'email':
      return { $set: { email: drawEmail(dice) } }
    case 'push':
      return { $push: { tags: dice.pick(tags) } }
    case 'pull':
      return { $pull: { tags: dice.pick(tags) } }
    case 'add':
      return { $addToSet: { tags: dice.pick(tags) } }
    default:
      return { $unset: { email: 1 } }
  }
}

/** A query, and sometimes the index that is to answer it. */
export function drawQuery(dice: Dice): { readonly query: RandomQuery; readonly hint: string | undefined } {
  const hint = dice.happens(0.4) ? 'byTeam' : undefined
  const filter =
    hint === undefined ? drawFilter(dice) : { team: dice.pick(teams), age: { $gte: dice.below(agesCount) } }
  const sort = dice.pick([{ _id: 1 }, { age: -1, _id: 1 }, { team: 1, age: -1, _id: 1 }] as const)
  return { query: { filter, sort, skip: dice.pick([0, 0, 1]), limit: dice.pick([undefined, 2, 5]) }, hint }
}

function drawFilter(dice: Dice): Plain {
  switch (dice.weighted({ email: 2, team: 2, age: 2, tag: 2, all: 1 })) {
    case 'email':
      return { email: drawEmail(dice) }
    case 'team':
      return { team: dice.pick(teams), age: { $lt: dice.below(agesCount) } }
    case 'age':
      return { age: { $gt: dice.below(agesCount) } }
    case 'tag':
      return { tags: dice.pick(tags) }
    default:
      return {}
  }
}

function drawEmail(dice: Dice): string {
  return `e${dice.below(emailCount)}@example.org`
}

function drawTags(dice: Dice): readonly string[] {
  return tags.filter(() => dice.happens(0.4))
}
