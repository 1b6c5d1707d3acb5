import { useEffect, useRef } from 'react';
import { useServices } from '../../services.ts';
import { focusedId } from '../../windows/reducer.ts';

/** Keys of a window wherever in it the focus is. `onKey` answers true for a key that it took; fields and dialogs keep theirs. */
export function useWindowKeys(windowId: string, onKey: (event: KeyboardEvent) => boolean): void {
  const { windows } = useServices();
  const latest = useRef(onKey);
  useEffect(() => {
    latest.current = onKey;
  });
  useEffect(() => {
    const listen = (event: KeyboardEvent) => {
      if (event.defaultPrevented || focusedId(windows.store.getState()) !== windowId || document.querySelector('dialog[open]')) return;
      if (latest.current(event)) event.preventDefault();
    };
    document.addEventListener('keydown', listen);
    return () => document.removeEventListener('keydown', listen);
  }, [windows, windowId]);
}

export const isTyping = ({ target }: KeyboardEvent): boolean =>
  target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
