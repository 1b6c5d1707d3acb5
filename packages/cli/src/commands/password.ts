import { appPassword, newAppPassword } from '@freehold/protocol';
import type { Context } from '../context.ts';
import { listIn } from '../node/shape.ts';
import { withSession } from '../node/sign-in.ts';
import { print, table } from '../output.ts';

type Common = { node?: string; key?: string; json?: boolean };

const passwordList = listIn('passwords', appPassword);

/** `password new`: prints the password and nothing else, so that a script can keep it. */
export async function newPassword(
  { label, readOnly, ...options }: Common & { label: string; readOnly?: boolean },
  context: Context,
): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    const made = await client.post('/api/app-passwords', { label, access: readOnly ? 'read' : 'write' }, newAppPassword);
    print(context, { json: options.json, value: made, text: made.password });
  });
}

export async function listPasswords(options: Common, context: Context): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    const passwords = await client.get('/api/app-passwords', passwordList);
    const rows = passwords.map(({ id, label, access, lastUsedAt }) => [
      id,
      label,
      access,
      lastUsedAt === null ? 'never' : new Date(lastUsedAt).toISOString(),
    ]);
    print(context, {
      json: options.json,
      value: passwords,
      text: rows.length === 0 ? 'There are no app passwords.' : table([['ID', 'LABEL', 'MAY', 'LAST USED'], ...rows]),
    });
  });
}

export async function revokePassword(id: string, options: Common, context: Context): Promise<void> {
  await withSession(options, context, async ({ client }) => {
    await client.remove(`/api/app-passwords/${encodeURIComponent(id)}`);
    print(context, { json: options.json, value: { id }, text: `${id} opens nothing any more` });
  });
}
