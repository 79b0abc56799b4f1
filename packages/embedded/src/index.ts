// Public face of the embedded storage, by name.

export { DirectoryCheckpointStore, type DirectoryCheckpointStoreOptions } from './directory-checkpoint-store.ts'
export { DirectoryLock } from './directory-lock.ts'
export { openEmbeddedStorage, type EmbeddedStorage, type EmbeddedStorageOptions } from './embedded-storage.ts'
export { LmdbStateStore, type LmdbStateStoreOptions } from './lmdb-state-store.ts'
export { SegmentedLog, type SegmentedLogOptions } from './segmented-log.ts'
