import type { WindowContent } from './content.ts';

/** CSS pixels, from the top left corner of the area above the taskbar. */
export type Bounds = { x: number; y: number; width: number; height: number };
export type Size = { width: number; height: number };
export type Placement = 'free' | 'maximised' | 'left' | 'right';

export type DesktopWindow = {
  id: string;
  title: string;
  content: WindowContent;
  /** Where it is while free; kept while it is snapped or maximised, so that it can go back. */
  bounds: Bounds;
  placement: Placement;
  minimised: boolean;
};

export type WindowsState = {
  /** In the order of opening: the order of the taskbar. */
  windows: readonly DesktopWindow[];
  /** Ids from the bottom to the top. */
  stack: readonly string[];
  area: Size;
  opened: number;
};

export type WindowAction =
  | { type: 'open'; title: string; content: WindowContent; size: Size }
  | { type: 'focus'; id: string }
  | { type: 'close'; id: string }
  | { type: 'minimise'; id: string }
  | { type: 'place'; id: string; placement: Placement }
  | { type: 'setBounds'; id: string; bounds: Bounds }
  /** The window goes on with something else, and keeps its name. */
  | { type: 'show'; id: string; content: WindowContent }
  | { type: 'setArea'; area: Size };

export const smallest: Size = { width: 340, height: 240 };
/** How much of a title bar always stays inside the area, so that no window can be lost. */
const grip = 96;
const titleBar = 44;
const cascadeStep = 32;
const cascadeLength = 8;
const margin = 16;

export const initialWindows: WindowsState = { windows: [], stack: [], area: { width: 1280, height: 720 }, opened: 0 };

export function reduceWindows(state: WindowsState, action: WindowAction): WindowsState {
  switch (action.type) {
    case 'open': {
      const id = `w${state.opened + 1}`;
      const bounds = firstBounds(state, action.size);
      const created: DesktopWindow = { id, title: action.title, content: action.content, bounds, placement: 'free', minimised: false };
      return { ...state, windows: [...state.windows, created], stack: [...state.stack, id], opened: state.opened + 1 };
    }
    case 'focus':
      return raise(update(state, action.id, { minimised: false }), action.id);
    case 'close':
      return { ...state, windows: state.windows.filter(({ id }) => id !== action.id), stack: state.stack.filter((id) => id !== action.id) };
    case 'minimise':
      return update(state, action.id, { minimised: true });
    case 'place':
      return raise(update(state, action.id, { placement: action.placement, minimised: false }), action.id);
    case 'setBounds':
      return update(state, action.id, { bounds: fit(action.bounds, state.area), placement: 'free' });
    case 'show':
      return update(state, action.id, { content: action.content });
    // setArea
    default:
      return { ...state, area: action.area, windows: state.windows.map((item) => ({ ...item, bounds: fit(item.bounds, action.area) })) };
  }
}

/** The window that has the attention: the topmost one that can be seen. */
export function focusedId({ stack, windows }: WindowsState): string | undefined {
  return stack.findLast((id) => windows.some((item) => item.id === id && !item.minimised));
}

/** Where a window is drawn, given its placement. */
export function boundsOf({ bounds, placement }: Pick<DesktopWindow, 'bounds' | 'placement'>, area: Size): Bounds {
  const half = Math.round(area.width / 2);
  if (placement === 'maximised') return { x: 0, y: 0, ...area };
  if (placement === 'left') return { x: 0, y: 0, width: half, height: area.height };
  if (placement === 'right') return { x: half, y: 0, width: area.width - half, height: area.height };
  return bounds;
}

/** The nearest bounds that are large enough to use and whose title bar can be reached. */
export function fit({ x, y, width, height }: Bounds, area: Size): Bounds {
  const fitted = {
    width: clamp(width, smallest.width, Math.max(smallest.width, area.width)),
    height: clamp(height, smallest.height, Math.max(smallest.height, area.height)),
  };
  return {
    x: clamp(x, grip - fitted.width, Math.max(0, area.width - grip)),
    y: clamp(y, 0, Math.max(0, area.height - titleBar)),
    ...fitted,
  };
}

function firstBounds({ area, opened }: WindowsState, size: Size): Bounds {
  const width = Math.min(size.width, area.width - 2 * margin);
  const height = Math.min(size.height, area.height - 2 * margin);
  const shift = (opened % cascadeLength) * cascadeStep;
  const x = Math.min((area.width - width) / 2 + shift, area.width - width - margin);
  const y = Math.min((area.height - height) / 3 + shift, area.height - height - margin);
  return fit({ x: Math.round(x), y: Math.round(y), width, height }, area);
}

function update(state: WindowsState, id: string, change: Partial<DesktopWindow>): WindowsState {
  return { ...state, windows: state.windows.map((item) => (item.id === id ? { ...item, ...change } : item)) };
}

function raise(state: WindowsState, id: string): WindowsState {
  if (!state.stack.includes(id) || state.stack.at(-1) === id) return state;
  return { ...state, stack: [...state.stack.filter((other) => other !== id), id] };
}

const clamp = (value: number, low: number, high: number) => Math.min(Math.max(value, low), high);
