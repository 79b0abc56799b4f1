// Limits of the protocol between clients and workers. Both ends keep to them, and drop what does not.

/** What a message may hold. */
export const protocolLimits = {
  /** Requests that one question asks for; the client sends as many questions as it needs. */
  sequencesPerQuestionMax: 1024,
  /** Bytes of replies that travel in one message; the next reply begins another. */
  repliesBytesMax: 256 * 1024,
  /** Partitions of one database, which a notice may name all. */
  partitionsMax: 65_536,
  /** How long a worker looks for an answer about the past before it says that there is none yet, in microseconds. */
  historyWaitUs: 2_000_000,
  /** How long it looks for a change before it says that there was none as far as it has looked. */
  historyProgressUs: 50_000,
  /** Bytes of records in one answer about the past, unless one transaction has more. */
  historyBytesMax: 512 * 1024,
  /** How old the log time in a welcome may be, in microseconds; a worker that knows none newer appends an entry first. */
  welcomeAgeMaxUs: 60_000_000,
} as const
