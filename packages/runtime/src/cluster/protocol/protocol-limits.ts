// Limits of the protocol between clients and workers. Both ends keep to them, and drop what does not.

/** What a message may hold. */
export const protocolLimits = {
  /** Requests that one question asks for; the client sends as many questions as it needs. */
  sequencesPerQuestionMax: 1024,
  /** Bytes of replies that travel in one message; the next reply begins another. */
  repliesBytesMax: 256 * 1024,
  /** Partitions of one database, which a notice may name all. */
  partitionsMax: 65_536,
  /** How old the log time in a welcome may be, in microseconds; a worker that knows none newer appends an entry first. */
  welcomeAgeMaxUs: 60_000_000,
} as const
