// ByteSlab: memory for bytes that are let go of soon, as those of a reply are. An array of more than 64 bytes takes memory outside
// the runtime's heap, and getting that and giving it back costs a microsecond or two, several times as much as what is
// copied. Here many small arrays share one piece of it, which is given back once all of them are gone.

const SLAB_BYTES = 64 * 1024
/** What is larger gets memory of its own. */
const COPY_BYTES_MAX = SLAB_BYTES / 8

/** Makes copies that live shortly. */
export class ByteSlab {
  #memory = new ArrayBuffer(SLAB_BYTES)
  #used = 0

  /** A copy of the bytes of `source` from `start` to `end`. Whoever keeps it may keep 64 KiB with it. */
  copy(source: Uint8Array, start: number, end: number): Uint8Array {
    const bytes = this.#allocate(end - start)
    bytes.set(new Uint8Array(source.buffer, source.byteOffset + start, end - start))
    return bytes
  }

  #allocate(size: number): Uint8Array {
    if (size > COPY_BYTES_MAX) return new Uint8Array(size)
    if (size > SLAB_BYTES - this.#used) {
      this.#memory = new ArrayBuffer(SLAB_BYTES)
      this.#used = 0
    }
    const bytes = new Uint8Array(this.#memory, this.#used, size)
    this.#used += size
    return bytes
  }
}
