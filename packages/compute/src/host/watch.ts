/**
 * Has `look` called while there is something to look at: when it was asked for, and not more often than timers can tell apart. One
 * timer for everything that runs, since a timer for each run costs more than a short run does.
 */
export function openWatch(look: (now: number) => void) {
  let timer: NodeJS.Timeout | undefined;
  let due = Infinity;

  function fire(): void {
    timer = undefined;
    due = Infinity;
    look(performance.now());
  }

  return {
    /** Look not later than at this time of `performance.now()`. */
    by(time: number): void {
      if (time >= due) return;
      clearTimeout(timer);
      due = time;
      timer = setTimeout(fire, Math.max(1, Math.ceil(time - performance.now())));
    },
    stop(): void {
      clearTimeout(timer);
      due = -Infinity;
    },
  };
}

export type Watch = ReturnType<typeof openWatch>;
