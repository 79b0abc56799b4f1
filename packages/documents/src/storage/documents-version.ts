// Whatever handlers of the layer compute with that another version of could compute something else: part of the
// fingerprint of every program that has documents.

/** The version of the actors that filter and change documents. */
export const documentsVersion = 'mingo 7.2.7, re2js 2.10.0'
