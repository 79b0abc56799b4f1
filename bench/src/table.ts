// Tables in plain text, and the few ways in which the reports write numbers.

import type { Spread } from './spread.ts'

/** Lines of a table: the first column and those whose title is `goal` to the left, all others to the right. */
export function tableLines(header: readonly string[], rows: readonly (readonly string[])[]): readonly string[] {
  const widths = header.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const aligned = (cell: string, column: number): string =>
    column === 0 || header[column] === 'goal' ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)
  const line = (cells: readonly string[]): string => cells.map(aligned).join('  ').trimEnd()
  return [line(header), widths.map((width) => '─'.repeat(width)).join('  '), ...rows.map(line)]
}

/** 1,234,567 */
export function whole(value: number): string {
  return Math.round(value).toLocaleString('en-US')
}

/** Three digits that matter, never in scientific notation. */
export function precise(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const digits = value === 0 ? 2 : Math.min(3, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))))
  return value.toFixed(digits)
}

/** `0.71 (0.66–0.75)` */
export function withExtremes({ median, low, high }: Spread, format: (value: number) => string): string {
  return low === high ? format(median) : `${format(median)} (${format(low)}–${format(high)})`
}
