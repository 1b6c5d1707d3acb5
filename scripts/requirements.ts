// Prints the table of promises: what is promised, by whom, and which tests prove it. `--json` for machines.
import { citations } from '../requirements/citations.ts';
import { requirements } from '../requirements/index.ts';

const cited = citations();
const rows = [...requirements.values()].map(({ planned, ...requirement }) => ({
  ...requirement,
  state: planned ? 'planned' : 'verified',
  tests: cited.get(requirement.id) ?? [],
}));

if (process.argv.includes('--json')) {
  console.log(JSON.stringify(rows, undefined, 2));
} else {
  const width = Math.max(...rows.map(({ id }) => id.length));
  for (const { id, state, source, behaviour, tests } of rows) {
    console.log(
      `${state === 'verified' ? '✓' : '·'} ${id.padEnd(width)}  ${behaviour} (${source})${tests.length > 0 ? `\n  ${' '.repeat(width)}  ${tests.join(', ')}` : ''}`,
    );
  }
  const verified = rows.filter(({ state }) => state === 'verified').length;
  console.log(`\n${verified} verified, ${rows.length - verified} planned`);
}
