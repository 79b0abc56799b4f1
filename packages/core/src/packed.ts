// Packed and Datum: the types of values in stored form. How a value gets into that form and out again is in datum.ts.

/** A value that needs no copy: immutable and equal by `Object.is`. */
export type Scalar = undefined | null | boolean | number | bigint | string

/** A frozen object, array, `Map`, `Set`, `Date` or `Uint8Array`. */
export class Packed {
  readonly bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
}

/** A value in stored form. */
export type Datum = Scalar | Packed
