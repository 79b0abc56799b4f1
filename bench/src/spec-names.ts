// The names of the workloads suite's workloads, as options and files of results give them.

/** In the order in which they run. */
export const specNames = [
  'ids',
  'hot',
  'transfers',
  'zipf',
  'spacetime',
  'smallbank',
  'ycsb-a',
  'ycsb-b',
  'ycsb-c',
  'ycsb-f',
  'ycsb-t',
  'tpcc',
  'calvin-10000',
  'calvin-1000',
  'calvin-100',
  'calvin-10',
  'calvin-1',
] as const

/** One of {@link specNames}. */
export type SpecName = (typeof specNames)[number]
