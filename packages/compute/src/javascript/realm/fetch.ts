import type { RealmHost } from './host.ts';

type Answer = { status: number; statusText: string; headers: [string, string][]; url: string; redirected: boolean };
const bodyless = new Set([101, 204, 205, 304]);

/** `fetch`, done by the node for a program whose offer names the hosts. */
export function openFetch({
  host,
  Request,
  Response,
  service = 'fetch',
}: {
  host: RealmHost;
  Request: typeof globalThis.Request;
  Response: typeof globalThis.Response;
  service?: string;
}) {
  return async function fetch(...args: ConstructorParameters<typeof globalThis.Request>): Promise<Response> {
    const request = new Request(...args);
    request.signal.throwIfAborted();
    const { method, url, redirect } = request;
    const body = request.body === null ? undefined : new Uint8Array(await request.arrayBuffer());
    const head = JSON.stringify({ method, url, redirect, headers: [...request.headers] });
    const { signal } = request;
    const answer = await new Promise<Awaited<ReturnType<RealmHost['ask']>>>((resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      host.ask(service, head, body).then(
        (begun) => {
          if (signal.aborted) begun.cancel();
          resolve(begun);
        },
        (reason: unknown) => reject(new TypeError(String(reason))),
      );
    });
    const said: Answer = JSON.parse(answer.head);
    const stream = new host.classes.ReadableStream<Uint8Array>(
      {
        start(controller) {
          signal.addEventListener('abort', () => {
            answer.cancel();
            controller.error(signal.reason);
          });
        },
        async pull(controller) {
          const chunk = await answer.next().catch((reason: unknown) => {
            throw new TypeError(String(reason));
          });
          if (chunk === undefined) controller.close();
          else controller.enqueue(new Uint8Array(chunk));
        },
        cancel: () => answer.cancel(),
      },
      { highWaterMark: 0 },
    );
    const response = new Response(bodyless.has(said.status) ? null : stream, {
      status: said.status,
      statusText: said.statusText,
      headers: said.headers,
    });
    for (const name of ['url', 'redirected'] as const) Reflect.defineProperty(response, name, { value: said[name], enumerable: true });
    return response;
  };
}
