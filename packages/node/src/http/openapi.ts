import { z } from 'zod';
import { version } from '../version.ts';
import type { Route } from './route.ts';

const toSchema = (type: z.ZodType) => z.toJSONSchema(type, { io: 'input', unrepresentable: 'any' });

/** OpenAPI 3.1 from the route table. */
export function openapi(routes: readonly Route[]) {
  const paths: Record<string, Record<string, unknown>> = {};
  for (const route of routes) {
    const path = route.path.replace(/:(\w+)/g, '{$1}');
    const methods = route.method === 'ANY' ? ['get', 'post', 'put', 'patch', 'delete'] : [route.method.toLowerCase()];
    for (const method of methods) paths[path] = { ...paths[path], [method]: operation(route) };
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Freehold', version, description: 'The API of a Freehold node. Errors are {error: {code, message, requestId}}.' },
    paths,
    components: {
      securitySchemes: { session: { type: 'http', scheme: 'bearer' }, cookie: { type: 'apiKey', in: 'cookie', name: 'freehold_session' } },
    },
  };
}

function operation({ summary, policy, params, query, body, answer, status }: Route) {
  const parameters = [...fields(params, 'path'), ...fields(query, 'query')];
  const requestBody =
    body === 'none'
      ? undefined
      : body === 'stream'
        ? { content: { '*/*': { schema: { type: 'string', format: 'binary' } } } }
        : { required: true, content: { 'application/json': { schema: toSchema(body) } } };
  return {
    summary,
    description: `Policy: ${policy}.`,
    ...(parameters.length > 0 && { parameters }),
    ...(requestBody && { requestBody }),
    responses: {
      [status]: { description: 'Done', ...(answer && { content: { 'application/json': { schema: toSchema(answer) } } }) },
      default: { description: 'Refused: an error with a code and a sentence' },
    },
    security: policy === 'anyone' ? [] : [{ session: [] }, { cookie: [] }],
  };
}

function fields(type: z.ZodType, place: 'path' | 'query') {
  const schema = toSchema(type);
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).map(([name, property]) => ({
    name,
    in: place,
    required: place === 'path' || required.has(name),
    schema: property,
  }));
}
