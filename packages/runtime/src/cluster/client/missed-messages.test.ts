// What a client remembers of messages that missed: for as long as asking for their footprints tells it something.

import { actorRef, type Call } from '@streamy-db/core'
import { expect, it } from 'vitest'
import { clientLimits } from './client-limits.ts'
import { MissedMessages } from './missed-messages.ts'

const call = (message: string): Call => ({ ref: actorRef('Account', 'a'), message, args: [] })
const [deposit, withdraw] = [call('deposit'), call('withdraw')]
const { footprintsInVainMax, missedMessagesMax } = clientLimits

it('forgets a message once several answers in a row have named nothing new', () => {
  const missed = new MissedMessages()
  missed.add([deposit, withdraw])
  for (let time = 1; time < footprintsInVainMax; time++) missed.asked([deposit], false)
  missed.asked([deposit], true)
  for (let time = 1; time < footprintsInVainMax; time++) missed.asked([deposit], false)
  expect(missed.hasAny([deposit])).toBe(true)
  missed.asked([deposit], false)
  expect([missed.hasAny([deposit]), missed.hasAny([deposit, withdraw])]).toEqual([false, true])
})

it('counts anew when the message misses again', () => {
  const missed = new MissedMessages()
  missed.add([deposit])
  for (let time = 1; time < footprintsInVainMax; time++) missed.asked([deposit], false)
  missed.add([deposit])
  missed.asked([deposit], false)
  expect(missed.hasAny([deposit])).toBe(true)
})

it('knows nothing by answers about messages that never missed', () => {
  const missed = new MissedMessages()
  missed.asked([deposit], true)
  expect(missed.hasAny([deposit])).toBe(false)
})

it('forgets the one remembered longest when there are too many', () => {
  const missed = new MissedMessages()
  for (let number = 0; number <= missedMessagesMax; number++) missed.add([call(`m${number}`)])
  expect([missed.hasAny([call('m0')]), missed.hasAny([call('m1')])]).toEqual([false, true])
})
