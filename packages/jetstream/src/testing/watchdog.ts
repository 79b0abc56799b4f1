// Watchdogs: a parent that is killed cannot stop its children, and a child that is paused does not notice. A small process
// beside each child does.

import { spawn, type ChildProcess } from 'node:child_process'

/**
 * Starts a process that kills process `pid` when this one is gone, or, where it is negative, the group of processes that it names.
 * Kill it with SIGKILL once that process has ended.
 */
export function startWatchdog(pid: number): ChildProcess {
  // It waits for the end of a pipe that only this process holds open. It has to be gone before the process id can be
  // anybody else's. A session of its own keeps it from being killed before its time by Ctrl-C at a terminal.
  const script = 'read -r _; kill -9 "$1"'
  const watchdog = spawn('sh', ['-c', script, 'sh', String(pid)], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  })
  watchdog.stdin?.on('error', () => {})
  // Neither it nor its pipe keeps the parent alive.
  watchdog.unref()
  // The pipe is a socket, whatever the type says.
  ;(watchdog.stdin as unknown as { unref?: () => void } | null)?.unref?.()
  return watchdog
}
