/** Standard input that is written while the program runs. */
export function openStdin() {
  const waiting: Uint8Array[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  const ring = () => {
    wake?.();
    wake = undefined;
  };
  return {
    write(chunk: Uint8Array): void {
      waiting.push(chunk);
      ring();
    },
    end(): void {
      ended = true;
      ring();
    },
    async *read(): AsyncGenerator<Uint8Array> {
      for (;;) {
        const chunk = waiting.shift();
        if (chunk) yield chunk;
        else if (ended) return;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    },
  };
}
