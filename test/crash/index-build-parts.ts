// The collection whose indexes are built while its process is killed.

/** A part. */
export interface Part {
  readonly _id: number | string
  readonly bin: number
  readonly name: string
}

/** Its indexes: both are declared when documents are there already. */
export const partsOptions = {
  indexes: { byBin: { keys: { bin: 1, name: -1 } }, byName: { keys: { name: 1 }, unique: true } },
} as const
