import type { Offer } from '@freehold/protocol';

/** Clients echo extensions in a header, so what is said of a function stays small. */
const mostBytes = 2_048;

type Json = Record<string, unknown>;
type Bazaar = { info: { input: Json; output?: Json }; schema: Json };

/** An offer never changes, and is asked for often. */
const known = new WeakMap<Offer, Bazaar>();

/** The extension `bazaar` (facts: x402-and-os402 §1.5): how a function is called, for catalogues and for agents that found it in one. */
export function bazaarOf(offer: Offer): Bazaar {
  const before = known.get(offer);
  if (before) return before;
  const full = describe(offer);
  const bazaar = JSON.stringify(full).length <= mostBytes ? full : describe({ ...offer, tool: undefined });
  known.set(offer, bazaar);
  return bazaar;
}

function describe({ interface: kind, tool }: Pick<Offer, 'interface' | 'tool'> | (Omit<Offer, 'tool'> & { tool: undefined })): Bazaar {
  if (kind === 'cgi')
    return {
      info: { input: { type: 'http', method: 'GET' } },
      schema: schemaOf({ method: { type: 'string', enum: ['GET'] } }, ['method']),
    };
  const [example] = tool?.examples ?? [];
  const body = kind === 'batch' ? batchExample : (example?.input ?? {});
  const output = example?.output === undefined ? undefined : { type: 'json', example: example.output };
  return {
    info: { input: { type: 'http', method: 'POST', bodyType: 'json', body }, ...(output && { output }) },
    schema: schemaOf(
      {
        method: { type: 'string', enum: ['POST'] },
        bodyType: { type: 'string', enum: ['json'] },
        body: kind === 'batch' ? batchSchema : (tool?.inputSchema ?? { type: 'object' }),
      },
      ['method', 'bodyType', 'body'],
    ),
  };
}

const batchExample = { args: [], stdin: '' };
const batchSchema = { type: 'object', properties: { args: { type: 'array', items: { type: 'string' } }, stdin: { type: 'string' } } };

const schemaOf = (properties: Json, required: readonly string[]): Json => ({
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  properties: {
    input: { type: 'object', properties: { type: { type: 'string', const: 'http' }, ...properties }, required: ['type', ...required] },
    output: { type: 'object' },
  },
  required: ['input'],
});
