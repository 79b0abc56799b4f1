// Limits of a worker's front desk. Beyond them it drops what comes, and whoever asked asks again.

/** Times end in their unit; everything else is a number of things. */
export const frontDeskLimits = {
  /** Queries, records and hellos being answered; what comes beyond is dropped. */
  questionsInProgressMax: 4096,
  /** How long one of them may take before its place is free again; its answer is sent all the same, if it comes. */
  questionAgeMaxUs: 60_000_000,
  /** Records of other workers' actors that one query may read; one more fails it with TRANSACTION_INVALID. */
  recordsPerQueryMax: 1024,
  /** How long to ask another worker for a record; then the query is dropped. */
  recordWaitUs: 10_000_000,
} as const
