import { Ajv2020, type ErrorObject, type ValidateFunction } from 'ajv/dist/2020.js';
import { openLru } from '../lru.ts';

export type Question = {
  /** The schema as JSON: also the name under which it is kept compiled. */
  schema: string;
  /** The JSON text to check; undefined asks only whether the schema can be used. */
  value: Uint8Array | undefined;
};
/** `fault` is of the value, `refusal` of the schema. */
export type Verdict = { fault?: string; refusal?: string };

const mostKept = 500;

/** Judges JSON by JSON Schemas (2020-12). How long that takes is up to both; see `schemas.ts`. */
export function openJsonJudge() {
  const compiled = openLru<ValidateFunction>({ most: mostKept });

  function compile(schema: string): ValidateFunction {
    const known = compiled.get(schema);
    if (known) return known;
    // Of its own, so that what one schema defines (`$id`) is unknown to the next. Formats are annotations, as 2020-12 has them.
    const ajv = new Ajv2020({ strict: false, validateFormats: false, logger: false, messages: true });
    return compiled.set(schema, ajv.compile(JSON.parse(schema)), 1);
  }

  return function judge({ schema, value }: Question): Verdict {
    let validate: ValidateFunction;
    try {
      validate = compile(schema);
    } catch (error) {
      return { refusal: messageOf(error) };
    }
    if (value === undefined) return {};
    let parsed: unknown;
    try {
      parsed = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(value));
    } catch {
      return { fault: 'it is not JSON' };
    }
    try {
      return validate(parsed) ? {} : { fault: faultOf(validate.errors?.[0]) };
    } catch (error) {
      return { fault: error instanceof RangeError ? 'it is nested too deeply' : messageOf(error) };
    }
  };
}

function faultOf(error: ErrorObject | undefined): string {
  if (!error) return 'it does not fit';
  const { instancePath, message, keyword, params } = error;
  const named = keyword === 'additionalProperties' ? ` (${JSON.stringify(params['additionalProperty'])})` : '';
  const allowed = keyword === 'enum' ? `: ${JSON.stringify(params['allowedValues']).slice(0, 200)}` : '';
  return `${instancePath === '' ? 'it' : instancePath} ${message ?? 'does not fit'}${named}${allowed}`;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
