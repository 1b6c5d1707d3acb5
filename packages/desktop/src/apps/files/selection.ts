/** Which rows are chosen, which one has the keyboard, and where a range began. All by id, so that sorting changes nothing. */
export type Selection = { ids: ReadonlySet<string>; focus: string | null; anchor: string | null };

export type SelectionAction =
  | { type: 'only'; id: string }
  | { type: 'toggle'; id: string }
  | { type: 'range'; id: string }
  | { type: 'focus'; id: string }
  | { type: 'all' }
  | { type: 'none' }
  /** Rows came or went: forget what is no longer there. */
  | { type: 'keep' };

export const noSelection: Selection = { ids: new Set(), focus: null, anchor: null };

/** `order` holds the ids of all rows as they are shown. */
export function reduceSelection(state: Selection, action: SelectionAction, order: readonly string[]): Selection {
  switch (action.type) {
    case 'only':
      return { ids: new Set([action.id]), focus: action.id, anchor: action.id };
    case 'toggle': {
      const ids = new Set(state.ids);
      if (!ids.delete(action.id)) ids.add(action.id);
      return { ids, focus: action.id, anchor: action.id };
    }
    case 'range': {
      const anchor = state.anchor ?? action.id;
      const [from, to] = [order.indexOf(anchor), order.indexOf(action.id)].sort((a, b) => a - b);
      return { ids: new Set(order.slice(from, (to ?? 0) + 1)), focus: action.id, anchor };
    }
    case 'focus':
      return { ...state, focus: action.id };
    case 'all':
      return { ...state, ids: new Set(order) };
    case 'none':
      return { ...state, ids: new Set(), anchor: state.focus };
    // keep
    default: {
      const there = new Set(order);
      const keep = (id: string | null) => (id !== null && there.has(id) ? id : null);
      if ([...state.ids].every((id) => there.has(id)) && keep(state.focus) === state.focus) return state;
      return { ids: new Set([...state.ids].filter((id) => there.has(id))), focus: keep(state.focus), anchor: keep(state.anchor) };
    }
  }
}

/** The row that an arrow key leads to, from `focus`. */
export function rowAfterKey(key: string, focus: string | null, order: readonly string[], pageRows: number): string | undefined {
  const current = focus === null ? -1 : order.indexOf(focus);
  const target = {
    ArrowDown: current + 1,
    ArrowUp: Math.max(0, current - 1),
    Home: 0,
    End: order.length - 1,
    PageDown: current + pageRows,
    PageUp: current - pageRows,
  }[key];
  if (target === undefined || order.length === 0) return undefined;
  return order[Math.min(Math.max(0, target), order.length - 1)];
}
