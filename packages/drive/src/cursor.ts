import { DriveError } from './error.ts';

/** Where a list by time goes on: `<milliseconds>.<id>` of its last row. Errors: `cursor_invalid`. */
export function parseCursor(after: string): { at: number; id: string } {
  const [, at, id] = /^(\d{1,15})\.([0-9a-f]+)$/.exec(after) ?? [];
  if (at === undefined || id === undefined)
    throw new DriveError('cursor_invalid', 'The place to go on from is not one that this node gave. Start from the first page.');
  return { at: Number(at), id };
}

export const cursorOf = (at: number, id: string): string => `${at}.${id}`;
