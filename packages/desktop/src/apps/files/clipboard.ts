import { createStore, type StoreApi } from 'zustand/vanilla';
import type { Entry } from '../../api/drive.ts';

/** What was copied or cut, waiting to be pasted in any window. What was cut is pasted once. */
export type Clip = { mode: 'copy' | 'cut'; entries: readonly Entry[] };
export type Clipboard = {
  store: StoreApi<Clip | null>;
  put(clip: Clip): void;
  /** What a paste takes. */
  take(): Clip | null;
};

export function createClipboard(): Clipboard {
  const store = createStore<Clip | null>(() => null);
  return {
    store,
    put: (clip) => store.setState(clip.entries.length > 0 ? clip : null, true),
    take() {
      const clip = store.getState();
      if (clip?.mode === 'cut') store.setState(null, true);
      return clip;
    },
  };
}
