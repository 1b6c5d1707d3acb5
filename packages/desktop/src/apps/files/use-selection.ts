import { useCallback, useEffect, useState } from 'react';
import { noSelection, reduceSelection, type SelectionAction } from './selection.ts';

/** The selection among rows that come and go. */
export function useSelection(order: readonly string[]) {
  const [selection, setSelection] = useState(noSelection);
  const select = useCallback((action: SelectionAction) => setSelection((state) => reduceSelection(state, action, order)), [order]);
  useEffect(() => select({ type: 'keep' }), [select]);
  return { selection, select };
}
