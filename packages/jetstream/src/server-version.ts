// Which versions of nats-server Streamy works with. Older ones have no `sync_interval` and lose acknowledged messages in
// ways that were reproduced.

/** The oldest nats-server that is supported. */
export const oldestServer = '2.10.27'

/** Whether a server of `version`, as its info tells it, is supported. */
export function isSupportedServer(version: string): boolean {
  const [major, minor, patch] = numbersOf(version)
  const [oldestMajor, oldestMinor, oldestPatch] = numbersOf(oldestServer)
  if (major !== oldestMajor) return major > oldestMajor
  if (minor !== oldestMinor) return minor > oldestMinor
  return patch >= oldestPatch
}

function numbersOf(version: string): readonly [number, number, number] {
  const [, major, minor, patch] = /^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []
  // What is no version compares below every version.
  return [Number(major ?? -1), Number(minor ?? -1), Number(patch ?? -1)]
}
