/** Takes chunks and hands out whole lines. Answers false when a line grows beyond `most` bytes. */
export function openLineReader({ most, onLine }: { most: () => number; onLine: (line: Buffer) => void }) {
  let parts: Buffer[] = [];
  let size = 0;
  return {
    push(chunk: Buffer): boolean {
      let start = 0;
      for (let end = chunk.indexOf(0x0a); end >= 0; end = chunk.indexOf(0x0a, start)) {
        parts.push(chunk.subarray(start, end));
        start = end + 1;
        const line = Buffer.concat(parts);
        parts = [];
        size = 0;
        if (line.length > most()) return false;
        if (line.length > 0) onLine(line);
      }
      if (start < chunk.length) {
        parts.push(chunk.subarray(start));
        size += chunk.length - start;
      }
      return size <= most();
    },
  };
}
