// Records as YCSB has them, 10 fields of 100 bytes, kept as one value: how often it was modified, which key it belongs to, and
// filling. So a record that was lost, mixed up or modified a wrong number of times shows.

/** Digits in front, which count modifications. */
export const COUNT_LENGTH = 12

const RECORD_LENGTH = 1000
const KEY_LENGTH = 20
const FILLINGS = 64

const filling = Array.from({ length: FILLINGS }, (_, index) =>
  String.fromCodePoint(48 + index).repeat(RECORD_LENGTH - COUNT_LENGTH - KEY_LENGTH),
)

/** The record of `key`, never modified; `version` chooses among different fillings. */
export function recordValue(key: string, version: number): string {
  return `${'0'.repeat(COUNT_LENGTH)}${key.padEnd(KEY_LENGTH)}${filling[version % FILLINGS]}`
}

/** The same record modified once more. */
export function modified(value: string): string {
  return String(modifications(value) + 1).padStart(COUNT_LENGTH, '0') + value.slice(COUNT_LENGTH)
}

/** How often it was modified. */
export function modifications(value: string): number {
  return Number(value.slice(0, COUNT_LENGTH))
}

/** Whether `value` is a record of `key`. */
export function belongsTo(value: string, key: string): boolean {
  return (
    value.length === RECORD_LENGTH && value.slice(COUNT_LENGTH, COUNT_LENGTH + KEY_LENGTH) === key.padEnd(KEY_LENGTH)
  )
}
