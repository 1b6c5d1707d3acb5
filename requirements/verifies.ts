import { requirements } from './index.ts';

/** Said first in a test: these promises fail if this test fails. The gate test reads the calls; an unknown id stops the test itself. */
export function verifies(...ids: string[]): void {
  for (const id of ids) {
    if (!requirements.has(id)) throw new Error(`No promise has the id "${id}". Enter it in requirements/ or correct the id.`);
  }
}
