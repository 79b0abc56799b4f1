// The names of systems, as options and files of results give them.

/** Streamy, in both of its forms. */
export const streamyNames = ['embedded', 'cluster'] as const

/** What Streamy is compared with, in the order in which a round measures them. */
export const peerNames = ['redis', 'postgresql', 'etcd', 'nats-kv', 'restate', 'durable-objects'] as const

/** One of {@link streamyNames}. */
export type StreamyName = (typeof streamyNames)[number]

/** One of {@link peerNames}. */
export type PeerName = (typeof peerNames)[number]

/** The least that disk and encoding, or stream and server, can cost. */
export const floorNames = ['floor', 'cluster-floor'] as const

/** One of {@link floorNames}. */
export type FloorName = (typeof floorNames)[number]

/** Any system or floor. */
export type SystemName = StreamyName | PeerName | FloorName

/** What can be measured: those, and the log alone that Streamy writes to. */
export type ContestantName = SystemName | 'segments'
