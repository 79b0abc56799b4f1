// The shared schemas of the OpenAPI document.

import { schemaNamed, type Schema } from './operation.ts'

const key: Schema = {
  type: 'array',
  description: 'Parts of a key: texts, numbers, booleans, {"$bigint":"5"}, {"$bytes":"AP8="}.',
  items: schemaNamed('KeyPart'),
}

const version: Schema = {
  type: 'string',
  pattern: '^[0-9a-f]{20}$',
  description: 'Names the transaction that wrote it.',
}

/** By name. */
export const schemas: Readonly<Record<string, Schema>> = {
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail', 'code', 'kind'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string', description: 'What happened, and what to do.' },
      code: { type: 'string', description: 'Stable, for programs.' },
      kind: { enum: ['user', 'retry', 'bug'] },
      name: { type: 'string', description: 'The class of the error that a handler threw.' },
      data: { description: 'Its data, in typed JSON.' },
    },
  },
  Value: {
    description:
      'A value in typed JSON: JSON, and where that has no such type, an object with one member: {"$bigint":"5"}, ' +
      '{"$bytes":"AP8="}, {"$date":"2026-01-01T00:00:00.000Z"}, {"$map":[[1,2]]}, {"$set":[1]}, {"$number":"NaN"}.',
  },
  KeyPart: {
    anyOf: [
      { type: 'string' },
      { type: 'number' },
      { type: 'boolean' },
      { type: 'object', required: ['$bigint'], properties: { $bigint: { type: 'string' } } },
      { type: 'object', required: ['$bytes'], properties: { $bytes: { type: 'string' } } },
      { type: 'object', required: ['$number'], properties: { $number: { type: 'string' } } },
    ],
  },
  Key: key,
  Version: version,
  Entry: {
    type: 'object',
    required: ['key', 'value', 'version'],
    properties: {
      key: schemaNamed('Key'),
      value: schemaNamed('Value'),
      version: schemaNamed('Version'),
      expiresAt: { type: 'number', description: 'Milliseconds since 1970, in log time.' },
    },
  },
  /** What stands where there is no entry. */
  Absent: {
    type: 'object',
    required: ['key', 'value', 'version'],
    properties: { key: schemaNamed('Key'), value: { type: 'null' }, version: { type: 'null' } },
  },
  Range: {
    type: 'object',
    additionalProperties: false,
    properties: { prefix: schemaNamed('Key'), start: schemaNamed('Key'), end: schemaNamed('Key') },
  },
  Assert: {
    type: 'object',
    description:
      'Of a key: value, not, version (null: none), exists, lt, lte, gt, gte. Of a range: empty, count, entries.',
    properties: {
      key: schemaNamed('Key'),
      range: schemaNamed('Range'),
      value: schemaNamed('Value'),
      not: schemaNamed('Value'),
      version: { anyOf: [schemaNamed('Version'), { type: 'null' }] },
      exists: { type: 'boolean' },
      lt: schemaNamed('Value'),
      lte: schemaNamed('Value'),
      gt: schemaNamed('Value'),
      gte: schemaNamed('Value'),
      empty: { const: true },
      count: { type: 'integer', minimum: 0 },
      entries: { type: 'array' },
    },
  },
  Update: {
    type: 'object',
    description: 'One of set, delete, deleteRange, sum, min, max, append, with a value where it takes one.',
    properties: {
      set: schemaNamed('Key'),
      delete: schemaNamed('Key'),
      deleteRange: schemaNamed('Range'),
      sum: schemaNamed('Key'),
      min: schemaNamed('Key'),
      max: schemaNamed('Key'),
      append: schemaNamed('Key'),
      value: schemaNamed('Value'),
      expireIn: { type: 'integer', minimum: 1, description: 'Milliseconds.' },
    },
  },
}
