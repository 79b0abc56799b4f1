// Limits of a worker's front desk. Beyond them it drops what comes, and whoever asked asks again.

/** Times end in their unit; everything else is a number of things. */
export const frontDeskLimits = {
  /** Queries, records and hellos being answered; what comes beyond is dropped. */
  questionsInProgressMax: 4096,
  /** How long one of them may take; then it is given up, and its place is free. Longer than `recordWaitUs`. */
  questionAgeMaxUs: 15_000_000,
  /** Records of other workers' actors that one query may read; one more fails it with TRANSACTION_INVALID. */
  recordsPerQueryMax: 1024,
  /** How long to ask another worker for a record; then the query is dropped. */
  recordWaitUs: 10_000_000,
} as const
