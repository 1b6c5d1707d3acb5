import { createStore, type StoreApi } from 'zustand/vanilla';
import { messageOf } from '../api/error.ts';

export type Toast = { id: number; message: string; tone: 'plain' | 'problem'; action?: { label: string; run: () => void } };
export type Toasts = {
  store: StoreApi<readonly Toast[]>;
  say(message: string, action?: Toast['action']): void;
  /** Shows what an error says. */
  fail(error: unknown): void;
  dismiss(id: number): void;
};

/** The newest takes the place of the one before, so that messages never pile up over a window's buttons. */
const mostShown = 1;

export function createToasts(): Toasts {
  const store = createStore<readonly Toast[]>(() => []);
  let last = 0;
  const add = (toast: Omit<Toast, 'id'>) => store.setState([...store.getState(), { ...toast, id: ++last }].slice(-mostShown), true);
  return {
    store,
    say: (message, action) => add({ message, tone: 'plain', ...(action ? { action } : {}) }),
    fail: (error) => add({ message: messageOf(error), tone: 'problem' }),
    dismiss: (id) =>
      store.setState(
        store.getState().filter((toast) => toast.id !== id),
        true,
      ),
  };
}
