import { z } from 'zod';
import type { Route } from '../../http/route.ts';
import { idOfUid } from '../../http/uid.ts';
import type { Cause, Causes } from '../../sockets/causes.ts';

const text = z.string().max(256).optional().catch(undefined);
const fields = z.object({ original_client_socket_id: text, socket_id: text, operation_id: text, item_upload_id: text });

const item = z.looseObject({ uid: z.string() });
const answers = z.union([
  z.looseObject({ moved: item, old_path: z.string().optional() }).transform(({ moved, old_path }) => [{ ...moved, old_path }]),
  z.array(z.looseObject({ copied: item })).transform((all) => all.map(({ copied }) => copied)),
  z.array(item),
  item.transform((one) => [one]),
]);
const notes = z.array(z.object({ uid: z.string(), old_path: z.string().optional() }));

/** What a request says of the client that sent it; empty when it says nothing. */
export function causeOf(body: unknown): Cause {
  const parsed = fields.safeParse(body);
  return Object.fromEntries(Object.entries(parsed.data ?? {}).filter(([, value]) => value !== undefined && value !== ''));
}

/** The route, leaving a note about every entry in its answer: who caused the change, and where the entry was before. */
export function causing(route: Route, causes: Causes): Route {
  return {
    ...route,
    async handle(call) {
      const answer = await route.handle(call);
      noteAll(causes, answer, causeOf(call.request.body));
      return answer;
    },
  };
}

/** Leaves a note about every entry in the answer of a request. */
export function noteAll(causes: Causes, answer: unknown, cause: Cause): void {
  for (const { uid, old_path } of notes.safeParse(answers.safeParse(answer).data).data ?? []) {
    const id = idOfUid(uid);
    const note = { ...cause, ...(old_path !== undefined && { old_path }) };
    if (id !== undefined && Object.keys(note).length > 0) causes.note(id, note);
  }
}
