// Line charts as SVG: a few series over one axis each, linear or logarithmic. Only what the report needs; nothing interactive.
// Colours are told apart by people who cannot tell red from green (Okabe and Ito), and series by their markers too.

/** A line with its name. */
export interface Series {
  readonly name: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** What to draw. */
export interface LineChart {
  readonly title: string
  readonly xTitle: string
  readonly yTitle: string
  readonly xScale: 'linear' | 'logarithmic'
  readonly yScale: 'linear' | 'logarithmic'
  readonly series: readonly Series[]
}

/** One axis: where values lie, and which of them are named. */
interface Axis {
  readonly ticks: readonly number[]
  /** From 0 to 1. */
  place(value: number): number
}

const WIDTH = 860
const HEIGHT = 420
const plot = { left: 80, right: 560, top: 48, bottom: 360 }
const MARKER = 4
const LEGEND_LINE = 20
const TICKS_MAX = 8
const colours = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000', '#8C6D31', '#7F7F7F']

/** The chart as a document of SVG. */
export function lineChartSvg(chart: LineChart): string {
  const drawn = chart.series.map((series) => ({ ...series, points: series.points.filter(isDrawable(chart)) }))
  const points = drawn.flatMap((series) => series.points)
  const x = axisOf(
    chart.xScale,
    points.map(([value]) => value),
  )
  const y = axisOf(
    chart.yScale,
    points.map(([, value]) => value),
  )
  const at = ([left, up]: readonly [number, number]): readonly [number, number] => [
    plot.left + x.place(left) * (plot.right - plot.left),
    plot.bottom - y.place(up) * (plot.bottom - plot.top),
  ]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#ffffff"/>`,
    text(plot.left, 24, chart.title, 'font-size="15" font-weight="bold"'),
    `<rect x="${plot.left}" y="${plot.top}" width="${plot.right - plot.left}" height="${plot.bottom - plot.top}" fill="none" stroke="#e0e0e0"/>`,
    ...x.ticks.map((value) => verticalLine(at([value, y.ticks[0] ?? 0])[0], value)),
    ...y.ticks.map((value) => horizontalLine(at([x.ticks[0] ?? 0, value])[1], value)),
    text((plot.left + plot.right) / 2, HEIGHT - 16, chart.xTitle, 'text-anchor="middle"'),
    text(
      0,
      0,
      chart.yTitle,
      `text-anchor="middle" transform="translate(18 ${(plot.top + plot.bottom) / 2}) rotate(-90)"`,
    ),
    ...drawn.flatMap((series, index) => seriesSvg(series.name, series.points.map(at), index)),
    '</svg>',
    '',
  ].join('\n')
}

function isDrawable({ xScale, yScale }: LineChart): (point: readonly [number, number]) => boolean {
  return ([x, y]) =>
    Number.isFinite(x) && Number.isFinite(y) && (xScale === 'linear' || x > 0) && (yScale === 'linear' || y > 0)
}

function axisOf(scale: LineChart['xScale'], values: readonly number[]): Axis {
  const low = Math.min(...values)
  const high = Math.max(...values)
  if (values.length === 0) return { ticks: [], place: () => 0 }
  return scale === 'linear' ? linearAxis(high) : logarithmicAxis(low, high)
}

// From 0, because heights are compared.
function linearAxis(high: number): Axis {
  const rough = (high > 0 ? high : 1) / 5
  const magnitude = 10 ** Math.floor(Math.log10(rough))
  const step = magnitude * ([1, 2, 5, 10].find((factor) => factor * magnitude >= rough) ?? 10)
  const count = Math.ceil((high > 0 ? high : 1) / step)
  const ticks = Array.from({ length: count + 1 }, (_, index) => index * step)
  return { ticks, place: (value) => value / (count * step) }
}

// From a round value to a round value: 1, 2 or 5 times a power of ten, of which all are named where they are few.
function logarithmicAxis(low: number, high: number): Axis {
  const powers = Array.from({ length: 40 }, (_, index) => 10 ** (index - 20))
  const round = powers.flatMap((power) => [power, 2 * power, 5 * power])
  const first = round.findLastIndex((value) => value <= low)
  const last = Math.max(
    first + 1,
    round.findIndex((value) => value >= high),
  )
  const all = round.slice(first, last + 1)
  const ticks = all.length <= TICKS_MAX ? all : all.filter((value) => powers.includes(value))
  const [from, until] = [Math.log10(round[first] ?? low), Math.log10(round[last] ?? high)]
  return { ticks, place: (value) => (Math.log10(value) - from) / (until - from) }
}

function verticalLine(x: number, value: number): string {
  return [
    `<line x1="${fixed(x)}" y1="${plot.top}" x2="${fixed(x)}" y2="${plot.bottom}" stroke="#e0e0e0"/>`,
    text(x, plot.bottom + 18, short(value), 'text-anchor="middle"'),
  ].join('\n')
}

function horizontalLine(y: number, value: number): string {
  return [
    `<line x1="${plot.left}" y1="${fixed(y)}" x2="${plot.right}" y2="${fixed(y)}" stroke="#e0e0e0"/>`,
    text(plot.left - 8, y + 4, short(value), 'text-anchor="end"'),
  ].join('\n')
}

function seriesSvg(name: string, places: readonly (readonly [number, number])[], index: number): readonly string[] {
  const colour = colours[index % colours.length]!
  const legendY = plot.top + 8 + index * LEGEND_LINE
  const line = places.map(([x, y]) => `${fixed(x)},${fixed(y)}`).join(' ')
  return [
    `<polyline points="${line}" fill="none" stroke="${colour}" stroke-width="2"/>`,
    ...places.map((place) => marker(place, index, colour)),
    marker([plot.right + 20, legendY], index, colour),
    text(plot.right + 32, legendY + 4, name, ''),
  ]
}

function marker([x, y]: readonly [number, number], index: number, colour: string): string {
  const [left, right, top, bottom] = [x - MARKER, x + MARKER, y - MARKER, y + MARKER].map(fixed)
  switch (index % 3) {
    case 0:
      return `<circle cx="${fixed(x)}" cy="${fixed(y)}" r="${MARKER}" fill="${colour}"/>`
    case 1:
      return `<rect x="${left}" y="${top}" width="${2 * MARKER}" height="${2 * MARKER}" fill="${colour}"/>`
    default:
      return `<polygon points="${left},${bottom} ${right},${bottom} ${fixed(x)},${top}" fill="${colour}"/>`
  }
}

function text(x: number, y: number, content: string, attributes: string): string {
  const escaped = content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
  return `<text x="${fixed(x)}" y="${fixed(y)}" ${attributes} fill="#222222">${escaped}</text>`
}

function fixed(value: number): string {
  return value.toFixed(1)
}

/** 0.001, 20, 1k, 2.5M */
function short(value: number): string {
  if (Math.abs(value) >= 1_000_000) return `${Number((value / 1_000_000).toPrecision(3))}M`
  if (Math.abs(value) >= 1000) return `${Number((value / 1000).toPrecision(3))}k`
  return String(Number(value.toPrecision(3)))
}
