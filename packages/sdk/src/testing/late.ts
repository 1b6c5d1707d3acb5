import { setTimeout } from 'node:timers/promises';
import { tool } from '../index.ts';

const greeting = await setTimeout(1, 'Good evening');
export default tool({ name: 'late', description: 'Needs a moment first', input: {} }).run(() => greeting);
