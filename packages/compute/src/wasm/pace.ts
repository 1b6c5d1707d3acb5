import { openLru } from '../lru.ts';

/** A program whose runs usually take less than this is quick: waiting behind a few of them costs less than another process. */
const quickUs = 1000;
const mostPrograms = 10_000;

/** How long the runs of each program take, in microseconds, as far as it is known. */
export function openPace() {
  const usual = openLru<number>({ most: mostPrograms });

  return {
    isQuick: (program: string): boolean => (usual.get(program) ?? Infinity) < quickUs,
    took(program: string, wallUs: number): void {
      const known = usual.get(program) ?? wallUs;
      // One long run says more than a short one.
      usual.set(program, wallUs > quickUs ? wallUs : (known + wallUs) / 2, 1);
    },
  };
}

export type Pace = ReturnType<typeof openPace>;
