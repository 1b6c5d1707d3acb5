import { uuidOf } from './uuid.ts';

const form = /^app-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

export const isAppUid = (text: string) => form.test(text);

/**
 * An app that was not published is known by the origin that serves it: nobody else can have that origin, so nobody can pass for it.
 * Undefined for what is not an origin of the web; a longer URL counts as its origin.
 */
export function appOfOrigin(text: string): { app: string; origin: string } | undefined {
  if (text.length > 2048 || !URL.canParse(text)) return undefined;
  const { origin, protocol } = new URL(text);
  return protocol === 'http:' || protocol === 'https:' ? { app: `app-${uuidOf(origin)}`, origin } : undefined;
}
