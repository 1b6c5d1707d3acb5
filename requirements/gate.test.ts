import assert from 'node:assert/strict';
import { test } from 'node:test';
import { citations } from './citations.ts';
import { requirements } from './index.ts';

test('every promise that is not planned is verified by a test', () => {
  const cited = citations();
  const uncited = [...requirements.values()].filter(({ id, planned }) => !planned && !cited.has(id)).map(({ id }) => id);
  assert.deepEqual(uncited, [], 'cite these ids with verifies(...) in a test that fails when the promise is broken');
});

test('every cited id is a promise, and no promise that a test verifies is still called planned', () => {
  const cited = [...citations().keys()];
  assert.deepEqual(
    cited.filter((id) => !requirements.has(id)),
    [],
  );
  assert.deepEqual(
    cited.filter((id) => requirements.get(id)?.planned),
    [],
  );
});
