/** At most `most` of the work at a time; the rest waits in line. */
export function openSlots(most: number) {
  const line: (() => void)[] = [];
  let free = most;
  return async function inSlot<Result>(work: () => Promise<Result>): Promise<Result> {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => line.push(resolve));
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else free++;
    }
  };
}
