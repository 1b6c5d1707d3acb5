export type Listener = (topic: string | undefined) => void;

/** Announcements inside one process. */
export function localAnnouncements() {
  const listeners = new Set<Listener>();
  return {
    announce(topic: string | undefined): void {
      for (const listener of listeners) listener(topic);
    },
    onAnnounce(listener: Listener): () => void {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
