/** What must be undone at the end, in the reverse order of how it was made. Runs once; one failing step does not keep the others from running. */
export function openStops() {
  const steps: (() => Promise<unknown>)[] = [];
  let running: Promise<void> | undefined;
  return {
    add(step: () => Promise<unknown>) {
      steps.push(step);
    },
    all(): Promise<void> {
      running ??= (async () => {
        const errors: unknown[] = [];
        for (const step of steps.reverse()) await step().catch((error: unknown) => errors.push(error));
        if (errors.length > 0) throw errors[0];
      })();
      return running;
    },
  };
}
