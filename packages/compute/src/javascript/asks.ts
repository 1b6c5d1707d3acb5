import type { Frame } from '../host/frame.ts';
import type { AnswerHead, AskHead, Service } from './job.ts';

type Send = (kind: Frame['kind'], head: unknown, body?: readonly Uint8Array[]) => void;
type Open = { stop: AbortController; parts: AsyncIterator<Uint8Array> | undefined };

/** A program may ask for so much at once. */
const mostAsks = 32;
const largestChunk = 256 * 1024;

/** Does what the program of one call asks for, and hands it the answers piece by piece, as it takes them. */
export function openAsks({ services, send }: { services: Readonly<Record<string, Service>>; send: Send }) {
  const open = new Map<number, Open>();
  let live = true;
  const tell = (kind: 'answer' | 'chunk', head: AnswerHead, body?: Uint8Array) => {
    if (live) send(kind, head, body ? [body] : []);
  };

  return {
    async ask({ id, service: name, head }: AskHead, body: Uint8Array): Promise<void> {
      const service = Object.hasOwn(services, name) ? services[name] : undefined;
      if (!service) return tell('answer', { id, error: `There is no ${JSON.stringify(name.slice(0, 40))} for this program.` });
      if (open.size >= mostAsks) return tell('answer', { id, error: `At most ${mostAsks} things may be asked for at once.` });
      const stop = new AbortController();
      const entry: Open = { stop, parts: undefined };
      open.set(id, entry);
      try {
        const answer = await service({ head, body, signal: stop.signal });
        entry.parts = partsOf(answer.body);
        tell('answer', { id, head: answer.head });
      } catch (error) {
        open.delete(id);
        tell('answer', { id, error: error instanceof Error ? error.message : 'It failed.' });
      }
    },

    async more(id: number): Promise<void> {
      const entry = open.get(id);
      if (!entry?.parts) return;
      try {
        const { done, value } = await entry.parts.next();
        if (done === true) open.delete(id);
        tell('chunk', { id }, done === true ? undefined : value);
      } catch (error) {
        open.delete(id);
        tell('chunk', { id, error: error instanceof Error ? error.message : 'It broke off.' });
      }
    },

    cancel(id: number): void {
      const entry = open.get(id);
      open.delete(id);
      entry?.stop.abort();
      void entry?.parts?.return?.();
    },

    /** Stops all that is under way. */
    end(): void {
      live = false;
      for (const id of open.keys()) this.cancel(id);
    },
  };
}

/** No empty pieces, which mean the end, and none that is too large for a frame. */
async function* partsOf(body: Uint8Array | AsyncIterable<Uint8Array> | undefined): AsyncGenerator<Uint8Array> {
  const chunks = body instanceof Uint8Array ? [body] : (body ?? []);
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length; from += largestChunk) yield chunk.subarray(from, from + largestChunk);
  }
}
