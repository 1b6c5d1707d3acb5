import { tool, ToolError } from '@freehold/sdk';

export default tool({
  name: '{{name}}',
  description: 'Greets a person by name',
  input: { type: 'object', properties: { name: { type: 'string', minLength: 1 } }, required: ['name'] },
  output: { type: 'object', properties: { greeting: { type: 'string' } }, required: ['greeting'] },
  examples: [{ input: { name: 'Ada' }, output: { greeting: 'Hello, Ada!' } }],
}).run(({ name }) => {
  if (name === 'nobody') throw new ToolError('not_found', 'There is nobody of that name.');
  return { greeting: `Hello, ${name}!` };
});
