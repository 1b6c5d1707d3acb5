import { Json, quote } from './json';
import { refuse, serve } from './tool';

const description = `{
  "contract": "tool/1",
  "name": "{{name}}",
  "description": "Greets a person by name",
  "inputSchema": { "type": "object", "properties": { "name": { "type": "string", "minLength": 1 } }, "required": ["name"] },
  "outputSchema": { "type": "object", "properties": { "greeting": { "type": "string" } }, "required": ["greeting"] },
  "examples": [{ "input": { "name": "Ada" }, "output": { "greeting": "Hello, Ada!" } }]
}`;

function run(input: Json): string {
  const name = input.member('name');
  if (name == 'nobody') refuse('not_found', 'There is nobody of that name.');
  return '{"greeting":' + quote('Hello, ' + name + '!') + '}';
}

export function _start(): void {
  serve(description, run);
}
