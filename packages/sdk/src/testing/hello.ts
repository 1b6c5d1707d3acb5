import { z } from 'zod';
import { tool, ToolError } from '../index.ts';

export default tool({
  name: 'hello',
  title: 'Hello',
  description: 'Greets a person by name',
  input: z.object({ name: z.string().min(1), times: z.number().int().default(1) }),
  output: { type: 'string' },
  examples: [{ input: { name: 'Ada' }, output: 'Hello, Ada!' }],
}).run(async ({ name, times }, { progress, id, deadlineMs }) => {
  console.log('greeting', name);
  if (name === 'nobody') throw new ToolError('not_found', 'There is nobody of that name.', { name });
  if (name === 'bug') throw new TypeError('this is a bug');
  if (name === 'me') return `${id} ${deadlineMs}`;
  progress(0.5, 'half way');
  return Array.from({ length: times }, () => `Hello, ${name}!`).join(' ');
});
