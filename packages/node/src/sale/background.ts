/** What goes on after its caller was answered. How it ends is told by what it wrote, not here. */
export function openBackground() {
  const under = new Set<Promise<unknown>>();

  return {
    goOn(work: Promise<unknown>): void {
      const settled = work.catch(() => {}).finally(() => under.delete(settled));
      under.add(settled);
    },
    async idle(): Promise<void> {
      await Promise.all(under);
    },
  };
}

export type Background = ReturnType<typeof openBackground>;
