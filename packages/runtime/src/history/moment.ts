// Moments of a database's past as callers name them: a position or a date, and the errors for what is neither.

import { StreamyError } from '@streamy-db/core'
import type { Position } from '@streamy-db/core'

/** Throws OPTIONS_INVALID for what is neither a position nor a date. */
export function checkMoment(moment: unknown): asserts moment is Position | Date {
  if (moment instanceof Date ? !Number.isNaN(moment.getTime()) : isPosition(moment)) return
  throw new StreamyError(
    'OPTIONS_INVALID',
    `${String(moment)} names no moment. Give a position, such as db.position or that of a change, or a Date.`,
  )
}

/** Throws OPTIONS_INVALID for what is no position. */
export function checkPosition(name: string, position: unknown): asserts position is Position {
  if (isPosition(position)) return
  throw new StreamyError(
    'OPTIONS_INVALID',
    `The option ${name} has the value ${String(position)}. Give a position, such as db.position or that of a change.`,
  )
}

/** The error for a position that has not come yet. */
export function positionUnknown(position: Position, last: Position): StreamyError {
  return new StreamyError(
    'POSITION_UNKNOWN',
    `Position ${position} has not happened here; the last is ${last}. Give one that this database has told.`,
  )
}

function isPosition(position: unknown): boolean {
  return Number.isSafeInteger(position) && Number(position) >= 0
}
