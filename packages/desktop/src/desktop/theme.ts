import { createStore, type StoreApi } from 'zustand/vanilla';

export const themes = ['system', 'light', 'dark', 'contrast'] as const;
export type Theme = (typeof themes)[number];
export type ThemeControl = { store: StoreApi<Theme>; choose(theme: Theme): void };

const themeItem = 'freehold.theme';

/** The token sheet does the work: this only names the theme on the root element, and remembers it. */
export function createTheme({ root, storage }: { root: HTMLElement; storage: Pick<Storage, 'getItem' | 'setItem'> }): ThemeControl {
  const saved = storage.getItem(themeItem);
  const store = createStore<Theme>(() => themes.find((theme) => theme === saved) ?? 'system');
  const apply = () => {
    root.dataset['theme'] = store.getState();
  };
  apply();
  return {
    store,
    choose(theme) {
      store.setState(theme, true);
      storage.setItem(themeItem, theme);
      apply();
    },
  };
}
