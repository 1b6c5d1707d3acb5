import { createStore, type StoreApi } from 'zustand/vanilla';
import { appOf } from './apps.ts';
import type { WindowContent } from './content.ts';
import { focusedId, initialWindows, reduceWindows, type WindowAction, type WindowsState } from './reducer.ts';

export type Windows = {
  store: StoreApi<WindowsState>;
  dispatch(action: WindowAction): void;
  /** Opens a new window. */
  open(content: WindowContent): void;
  /** Brings the app's window to the front, or opens its first one. */
  reveal(content: WindowContent): void;
  /** What a click on the taskbar does: reveal it, or put it away when it is already in front. */
  toggle(content: WindowContent): void;
  closeAll(): void;
};

export function createWindows(): Windows {
  const store = createStore<WindowsState>(() => initialWindows);
  const dispatch = (action: WindowAction) => store.setState((state) => reduceWindows(state, action), true);

  const open = (content: WindowContent) => {
    const app = appOf(content);
    const title = app.title(content);
    const taken = new Set(store.getState().windows.map((item) => item.title));
    let name = title;
    for (let number = 2; taken.has(name); number++) name = `${title} (${number})`;
    dispatch({ type: 'open', title: name, content, size: app.size });
  };
  const topOf = (content: WindowContent) => {
    const { stack, windows } = store.getState();
    const mine = new Set(windows.filter((item) => serves(item.content, content)).map(({ id }) => id));
    return stack.findLast((id) => mine.has(id));
  };

  return {
    store,
    dispatch,
    open,
    reveal(content) {
      const id = topOf(content);
      if (id === undefined) open(content);
      else dispatch({ type: 'focus', id });
    },
    toggle(content) {
      const id = topOf(content);
      if (id === undefined) open(content);
      else dispatch({ type: focusedId(store.getState()) === id ? 'minimise' : 'focus', id });
    },
    closeAll() {
      for (const { id } of store.getState().windows) dispatch({ type: 'close', id });
    },
  };
}

/** Whether a window with this content is what someone wants who asks for `wanted`: any Files window is, unless it is the trash they ask for. */
function serves(content: WindowContent, wanted: WindowContent): boolean {
  if (content.app === 'files' && wanted.app === 'files' && wanted.place === 'trash') return content.place === 'trash';
  return content.app === wanted.app;
}
