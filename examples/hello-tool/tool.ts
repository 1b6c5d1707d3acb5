import { tool } from '@freehold/sdk';

export default tool({
  name: 'hello',
  description: 'Greets a person by name',
  input: { type: 'object', properties: { name: { type: 'string' } }, required: ['name'] },
  output: { type: 'object', properties: { greeting: { type: 'string' } }, required: ['greeting'] },
  examples: [{ input: { name: 'Ada' }, output: { greeting: 'Hello, Ada!' } }],
}).run(({ name }) => ({ greeting: `Hello, ${name}!` }));
