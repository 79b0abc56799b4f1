// Types of documents, filters and updates, as the compiler checks them: a misspelt field, a value of another type and an
// unknown operator do not compile. Paths are followed through objects and arrays down to six names. Types only.

import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { DocumentId } from '../document-id.ts'

/** What every document has. */
export interface AnyDocument {
  readonly _id: DocumentId
}

/** A schema of documents: zod, valibot, arktype and others. */
export type DocumentSchema<Input = unknown, Document = unknown> = StandardSchemaV1<Input, Document>

/** The documents of a schema, once validated. */
export type DocumentOf<Schema extends DocumentSchema> = StandardSchemaV1.InferOutput<Schema>

/** A document as it is inserted: an `_id` that is text may be left out, and is then made. */
export type Insertable<Document> = Document extends { readonly _id: infer Id }
  ? string extends Id
    ? Omit<Document, '_id'> & { readonly _id?: Id }
    : Document
  : Document & { readonly _id?: string }

type Depth = [never, 0, 1, 2, 3, 4, 5]
type Scalar = string | number | bigint | boolean | null | undefined | Date | Uint8Array
type Unknown<Value> = unknown extends Value ? true : false

/** The dotted paths of a document. */
export type PathOf<Document, Left extends number = 6> = [Left] extends [never]
  ? never
  : Document extends Scalar
    ? never
    : Document extends readonly (infer Item)[]
      ? PathOf<Item, Left> | `${number}` | `${number}.${PathOf<Item, Depth[Left]>}`
      : {
          [Key in keyof Document & string]: Unknown<Document[Key]> extends true
            ? Key | `${Key}.${string}`
            : Key | `${Key}.${PathOf<NonNullable<Document[Key]>, Depth[Left]>}`
        }[keyof Document & string]

/** The value at a dotted path; through an array, that of its items. */
export type ValueAt<Document, Path extends string> =
  Unknown<Document> extends true
    ? unknown
    : Document extends readonly (infer Item)[]
      ? Path extends `${number}.${infer Rest}`
        ? ValueAt<Item, Rest>
        : Path extends `${number}`
          ? Item
          : ValueAt<Item, Path>
      : Path extends `${infer Head}.${infer Rest}`
        ? Head extends keyof Document
          ? ValueAt<NonNullable<Document[Head]>, Rest>
          : never
        : Path extends keyof Document
          ? Document[Path]
          : never

type ItemOf<Value> = Value extends readonly (infer Item)[] ? Item : never

/** What a value, or an item of a list of them, may be compared with. */
type Operand<Value> = Value | ItemOf<NonNullable<Value>> | null

/** Names of kinds of values. */
export type TypeName = 'null' | 'number' | 'bigint' | 'string' | 'object' | 'array' | 'bytes' | 'bool' | 'date'

/** Operators on one field. */
export interface FieldOperators<Value> {
  readonly $eq?: Operand<Value>
  readonly $ne?: Operand<Value>
  readonly $gt?: Operand<Value>
  readonly $gte?: Operand<Value>
  readonly $lt?: Operand<Value>
  readonly $lte?: Operand<Value>
  readonly $in?: readonly Operand<Value>[]
  readonly $nin?: readonly Operand<Value>[]
  readonly $exists?: boolean
  readonly $type?: TypeName | readonly TypeName[]
  readonly $mod?: readonly [divisor: number, remainder: number]
  readonly $regex?: RegExp | string
  readonly $options?: string
  readonly $size?: number
  readonly $all?: readonly (ItemOf<NonNullable<Value>> | { readonly $elemMatch: ElemMatch<Value> })[]
  readonly $elemMatch?: ElemMatch<Value>
  readonly $not?: FieldOperators<Value> | RegExp
}

type ElemMatch<Value> = Filter<ItemOf<NonNullable<Value>>> | FieldOperators<ItemOf<NonNullable<Value>>>

type Condition<Value> = Operand<Value> | FieldOperators<Value> | (string extends Value ? RegExp : never)

/** Which documents are meant. */
export type Filter<Document> = {
  readonly [Path in PathOf<Document>]?: Condition<ValueAt<Document, Path>>
} & {
  readonly $and?: readonly Filter<Document>[]
  readonly $or?: readonly Filter<Document>[]
  readonly $nor?: readonly Filter<Document>[]
}

/** Paths with 1 for ascending and -1 for descending, the most significant first. */
export type Sort<Document> = { readonly [Path in PathOf<Document>]?: 1 | -1 }

/** Fields to show with 1, or to leave out with 0. */
export type FieldProjection<Document> = { readonly [Path in PathOf<Document>]?: 0 | 1 | boolean }

// Positions in lists, `items.$.price` and `items.$[low].price`, are paths that only run time can check.
type Positional = `${string}.$${string}`

type ByPath<Document, Argument> = { readonly [Path in PathOf<Document>]?: Argument } & {
  readonly [path: Positional]: unknown
}

type Listed<Value> = ItemOf<NonNullable<Value>>

/** A change of a document. */
export interface Update<Document> {
  readonly $set?: { readonly [Path in PathOf<Document>]?: ValueAt<Document, Path> } & {
    readonly [path: Positional]: unknown
  }
  readonly $setOnInsert?: { readonly [Path in PathOf<Document>]?: ValueAt<Document, Path> }
  readonly $unset?: ByPath<Document, '' | true | 1>
  readonly $inc?: ByPath<Document, number>
  readonly $mul?: ByPath<Document, number>
  readonly $min?: { readonly [Path in PathOf<Document>]?: ValueAt<Document, Path> } & {
    readonly [path: Positional]: unknown
  }
  readonly $max?: { readonly [Path in PathOf<Document>]?: ValueAt<Document, Path> } & {
    readonly [path: Positional]: unknown
  }
  readonly $rename?: { readonly [Path in PathOf<Document>]?: string }
  readonly $currentDate?: ByPath<Document, true | { readonly $type: 'date' | 'timestamp' }>
  readonly $push?: {
    readonly [Path in PathOf<Document>]?: Listed<ValueAt<Document, Path>> | PushMany<Listed<ValueAt<Document, Path>>>
  } & { readonly [path: Positional]: unknown }
  readonly $addToSet?: {
    readonly [Path in PathOf<Document>]?:
      | Listed<ValueAt<Document, Path>>
      | { readonly $each: readonly Listed<ValueAt<Document, Path>>[] }
  } & { readonly [path: Positional]: unknown }
  readonly $pop?: ByPath<Document, 1 | -1>
  readonly $pull?: {
    readonly [Path in PathOf<Document>]?:
      | Listed<ValueAt<Document, Path>>
      | FieldOperators<Listed<ValueAt<Document, Path>>>
      | Filter<Listed<ValueAt<Document, Path>>>
  } & { readonly [path: Positional]: unknown }
  readonly $pullAll?: { readonly [Path in PathOf<Document>]?: readonly Listed<ValueAt<Document, Path>>[] }
}

interface PushMany<Item> {
  readonly $each: readonly Item[]
  readonly $position?: number
  readonly $slice?: number
  readonly $sort?: 1 | -1 | Readonly<Record<string, 1 | -1>>
}
