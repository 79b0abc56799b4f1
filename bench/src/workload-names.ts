// The workloads of the embedded suite, as options and files of results name them.

/** In the order in which a round measures them: each floor just before what is compared with it. */
export const workloadNames = ['floor-ids', 'ids', 'hot', 'floor-transfers', 'transfers', 'zipf', 'segments'] as const

/** One of {@link workloadNames}. */
export type WorkloadName = (typeof workloadNames)[number]
