/** Something that is done in the background again and again. Answers what it did, for the log; nothing when there was nothing to do. */
export type Pass = { name: string; run: () => Promise<Record<string, number> | undefined> };

/** Runs passes one after another, at once and then at intervals, until it is stopped. A pass that fails is told and does not keep the others from running. */
export function startUpkeep({
  passes,
  interval,
  signal,
  log,
}: {
  passes: readonly Pass[];
  /** Milliseconds between the starts of two rounds. */
  interval: number;
  signal: AbortSignal;
  log: (event: string, fields: Record<string, string | number>) => void;
}): { stop: () => Promise<void> } {
  let running: Promise<void> | undefined;

  async function round() {
    for (const { name, run } of passes) {
      if (signal.aborted) return;
      try {
        const done = await run();
        if (done && Object.values(done).some((count) => count > 0)) log(`drive.${name}`, done);
      } catch (error) {
        if (!signal.aborted) log(`drive.${name}_failed`, { message: error instanceof Error ? error.message : String(error) });
      }
    }
  }
  const begin = () => {
    running ??= round().finally(() => (running = undefined));
  };

  begin();
  const timer = setInterval(begin, interval).unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
