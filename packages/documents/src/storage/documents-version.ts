// Whatever handlers of the layer compute with that another version of could compute something else: part of the
// fingerprint of every program that has documents, so that workers of two versions never execute one log.
//
// Upserts: 1 wrote over the document that had the id of an upsert though its filter did not match it; 2 refuses that.

/** The version of the actors that filter and change documents. */
export const documentsVersion = 'mingo 7.2.7, re2js 2.10.0, upserts 2'
