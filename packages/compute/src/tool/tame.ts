/** Keywords whose check takes no longer than the value is long, times the schema: no patterns, no comparing of items, no references. */
const tame = new Set(
  (
    '$schema $comment title description default examples deprecated readOnly writeOnly format type enum const minimum maximum ' +
    'exclusiveMinimum exclusiveMaximum minLength maxLength minItems maxItems minProperties maxProperties required properties ' +
    'additionalProperties items prefixItems anyOf oneOf allOf not'
  ).split(' '),
);
const annotations = new Set(['$schema', '$comment', 'title', 'description', 'default', 'examples', 'enum', 'const', 'required', 'type']);

/** So long may a schema be, as JSON, and a value, to be checked where the node itself works. */
const mostSchema = 8 * 1024;
const mostValue = 16 * 1024;

/** Whether a schema is known to be checked in no time. */
export const isTame = (schema: unknown, text: string): boolean => text.length <= mostSchema && isTameSchema(schema);

export const isShort = (value: Uint8Array): boolean => value.length <= mostValue;

function isTameSchema(schema: unknown): boolean {
  if (typeof schema === 'boolean') return true;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false;
  return Object.entries(schema).every(([keyword, value]: [string, unknown]) => {
    if (!tame.has(keyword)) return false;
    if (annotations.has(keyword) || typeof value !== 'object' || value === null) return true;
    if (keyword === 'properties' || Array.isArray(value)) return Object.values(value).every(isTameSchema);
    return isTameSchema(value);
  });
}
