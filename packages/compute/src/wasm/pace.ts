import { openLru } from '../lru.ts';

/** What takes longer is not sent ahead: another process costs less than waiting behind it. */
export const quickUs = 1000;
const mostPrograms = 10_000;

/** How long the runs of each program take. */
export function openPace() {
  const usual = openLru<number>({ most: mostPrograms });

  return {
    /** In microseconds; without end for a program that is new here. */
    usualUs: (program: string): number => usual.get(program) ?? Infinity,
    took(program: string, wallUs: number): void {
      const known = usual.get(program) ?? wallUs;
      // One long run says more than a short one.
      usual.set(program, wallUs > quickUs ? wallUs : (known + wallUs) / 2, 1);
    },
  };
}

export type Pace = ReturnType<typeof openPace>;
