// ClusterHistory: the past of a database on a cluster. No worker serves it yet: whatever is asked for is refused with
// HISTORY_UNAVAILABLE, and nothing else of the client changes.

import { StreamyError } from '@streamy-db/core'
import type { Position } from '@streamy-db/core'
import type { HistoryPort } from '../../history/history-port.ts'

/** A past that is not served. */
export class ClusterHistory implements HistoryPort {
  now(): Position {
    throw unavailable()
  }

  read(): never {
    throw unavailable()
  }

  present(): never {
    throw unavailable()
  }

  snapshot(): never {
    throw unavailable()
  }
}

function unavailable(): StreamyError {
  return new StreamyError(
    'HISTORY_UNAVAILABLE',
    'Changes and views of the past are served by embedded databases only. Read them where the database is opened.',
  )
}
