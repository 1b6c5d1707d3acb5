// `npm start`: builds what changed, then starts a node as `freehold up` does.
import { build } from './build.ts';

await build({ log: (line) => console.error(line) });
process.argv.splice(2, 0, 'up');
await import('../packages/cli/src/main.ts');
