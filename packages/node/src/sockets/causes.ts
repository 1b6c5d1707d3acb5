import type { Change } from '@freehold/protocol';

/** What a request says of itself, for the sockets that hear of what it did: a client skips what it did itself. */
export type Cause = {
  original_client_socket_id?: string;
  socket_id?: string;
  operation_id?: string;
  item_upload_id?: string;
  /** Puter path at which the entry was before. */
  old_path?: string;
  /** Of a deletion: that the folder itself stays. */
  descendants_only?: boolean;
};

export type Causes = ReturnType<typeof createCauses>;

const keptMs = 10_000;
const most = 10_000;

/**
 * Notes that requests leave about entries they are about to change, or have just changed. They live in this process for a few
 * seconds: a node that hears of the change from another one tells its sockets without them.
 */
export function createCauses({ now = Date.now }: { now?: () => number } = {}) {
  const notes = new Map<string, { cause: Cause; at: number }>();

  return {
    /** To be called right after the change; before it where that deletes the entry. */
    note(entry: string, cause: Cause): void {
      const at = now();
      notes.delete(entry);
      // The oldest come first.
      for (const [key, note] of notes) {
        if (note.at + keptMs > at && notes.size < most) break;
        notes.delete(key);
      }
      notes.set(entry, { cause, at });
    },

    /** What caused a change; nothing when the note is of an earlier one. */
    of({ entry, op, at }: Pick<Change, 'entry' | 'op' | 'at'>): Cause {
      const note = notes.get(entry);
      const isOfThis = note !== undefined && note.at + keptMs > now() && (op === 'deleted' || at <= note.at);
      return isOfThis ? note.cause : {};
    },
  };
}
