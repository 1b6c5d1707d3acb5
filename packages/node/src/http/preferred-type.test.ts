import assert from 'node:assert/strict';
import { test } from 'node:test';
import { preferredType } from './preferred-type.ts';

test('the type with the greatest weight wins, ours first among equals', () => {
  const types = ['application/json', 'application/problem+json', 'text/html'] as const;
  const cases: [string | undefined, string][] = [
    [undefined, 'application/json'],
    ['', 'application/json'],
    ['*/*', 'application/json'],
    ['text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', 'text/html'],
    ['application/problem+json', 'application/problem+json'],
    ['application/json, text/html', 'application/json'],
    ['text/html;q=0.5, application/json;q=0.4', 'text/html'],
    ['text/*;q=0.3, application/problem+json;q=0.2', 'text/html'],
    ['application/json;q=0, */*;q=0.1', 'application/problem+json'],
    ['image/png', 'application/json'],
  ];
  for (const [accept, type] of cases) assert.equal(preferredType(accept, types), type, String(accept));
});
