// Every system that can be measured, by the name that options and files of results give it, and how it is started.

import { startDurableObjects } from '../peers/durable-objects.ts'
import { startEtcd } from '../peers/etcd.ts'
import { startNatsKv } from '../peers/nats-kv.ts'
import { startPostgresql } from '../peers/postgresql.ts'
import { startRedis } from '../peers/redis.ts'
import { startRestate } from '../peers/restate.ts'
import { startCluster } from './cluster-system.ts'
import { openEmbedded } from './embedded-system.ts'
import type { PeerName, StreamyName } from './system-names.ts'
import type { System } from './system.ts'

/** Starts a system whose files are in an empty directory. */
export type StartSystem = (directory: string) => Promise<System>

/** Streamy, in both of its forms. */
export const streamySystems: Readonly<Record<StreamyName, StartSystem>> = {
  embedded: openEmbedded,
  cluster: startCluster,
}

/** What it is compared with. */
export const peerSystems: Readonly<Record<PeerName, StartSystem>> = {
  redis: startRedis,
  postgresql: startPostgresql,
  etcd: startEtcd,
  'nats-kv': startNatsKv,
  restate: startRestate,
  'durable-objects': startDurableObjects,
}
