/** Any value that JSON can say. */
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };

/** A JSON Schema (2020-12), written in the tool as a plain object. */
export type JsonSchema = { readonly [keyword: string]: JsonValue };

/** A schema of a library that follows Standard Schema and can say itself as JSON Schema: zod 4.2 and later, and others. */
export type StandardSchema<Input = unknown, Output = unknown> = {
  readonly '~standard': {
    readonly version: 1;
    readonly vendor: string;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
    readonly validate: (value: unknown) => Validated<Output> | Promise<Validated<Output>>;
    readonly jsonSchema: Record<'input' | 'output', (options: { target: 'draft-2020-12' }) => Record<string, unknown>>;
  };
};
type Validated<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | {
      readonly issues: readonly {
        readonly message: string;
        readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
      }[];
    };

export type AnySchema = JsonSchema | StandardSchema;

/** The type of the values that a schema allows: what a tool's function is given. */
export type Infer<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly output: infer Output }
    ? Output
    : unknown
  : FromJsonSchema<Schema>;

/** The type of the values that become what a schema allows: what a tool's function may return. */
export type InferReturned<Schema> = Schema extends { readonly '~standard': { readonly types?: infer Types } }
  ? NonNullable<Types> extends { readonly input: infer Input }
    ? Input
    : unknown
  : FromJsonSchema<Schema>;

/** The keywords that most schemas are made of; what is not understood here is `unknown`, and still checked by the node. */
type FromJsonSchema<Schema> = Schema extends { readonly const: infer Value }
  ? Value
  : Schema extends { readonly enum: readonly (infer Value)[] }
    ? Value
    : Schema extends { readonly anyOf: readonly (infer Choice)[] }
      ? FromJsonSchema<Choice>
      : Schema extends { readonly oneOf: readonly (infer Choice)[] }
        ? FromJsonSchema<Choice>
        : Schema extends { readonly type: readonly (infer Name)[] }
          ? OfType<Name, Schema>
          : Schema extends { readonly type: infer Name }
            ? OfType<Name, Schema>
            : unknown;

type OfType<Name, Schema> = Name extends 'string'
  ? string
  : Name extends 'number' | 'integer'
    ? number
    : Name extends 'boolean'
      ? boolean
      : Name extends 'null'
        ? null
        : Name extends 'array'
          ? FromArray<Schema>
          : Name extends 'object'
            ? FromObject<Schema>
            : unknown;

type FromArray<Schema> = Schema extends { readonly prefixItems: readonly [...infer Items] }
  ? { [Index in keyof Items]: FromJsonSchema<Items[Index]> }
  : Schema extends { readonly items: infer Item }
    ? FromJsonSchema<Item>[]
    : unknown[];

type FromObject<Schema> = Schema extends { readonly properties: infer Properties }
  ? Simplify<
      { -readonly [Name in keyof Properties & Required<Schema>]: FromJsonSchema<Properties[Name]> } & {
        -readonly [Name in Exclude<keyof Properties, Required<Schema>>]?: FromJsonSchema<Properties[Name]>;
      }
    >
  : Schema extends { readonly additionalProperties: infer Item }
    ? Record<string, FromJsonSchema<Item>>
    : Record<string, unknown>;

type Required<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never;
type Simplify<Type> = { [Name in keyof Type]: Type[Name] };

const isStandard = (schema: AnySchema): schema is StandardSchema => '~standard' in schema && typeof schema['~standard'] === 'object';

/** The schema as JSON Schema. */
export function toJsonSchema(schema: AnySchema, side: 'input' | 'output'): Record<string, unknown> {
  return isStandard(schema) ? schema['~standard'].jsonSchema[side]({ target: 'draft-2020-12' }) : schema;
}

/** The value as the schema's library makes it, or what is wrong with it. A plain JSON Schema is the node's to check. */
export async function parseWith(schema: AnySchema, value: unknown): Promise<{ value: unknown } | { fault: string }> {
  if (!isStandard(schema)) return { value };
  const result = await schema['~standard'].validate(value);
  if (result.issues === undefined) return { value: result.value };
  const faults = result.issues.map(({ message, path = [] }) => {
    const place = path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.');
    return place === '' ? message : `${place}: ${message}`;
  });
  return { fault: faults.join('; ') };
}
