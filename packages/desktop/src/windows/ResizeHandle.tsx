import { dragEdge, type Edge } from './edges.ts';
import type { Bounds } from './reducer.ts';
import { useDrag } from './use-drag.ts';
import css from './WindowFrame.module.css';

type Props = { edge: Edge; bounds: Bounds; onDraw: (next: Bounds | null) => void; onEnd: (next: Bounds) => void };

/** An invisible strip along an edge. By keyboard the window menu does the same. */
export function ResizeHandle({ edge, bounds, onDraw, onEnd }: Props) {
  const drag = useDrag({
    onMove: (dx, dy) => onDraw(dragEdge(bounds, edge, dx, dy)),
    onEnd: (dx, dy) => onEnd(dragEdge(bounds, edge, dx, dy)),
    onCancel: () => onDraw(null),
  });
  return <div className={`${css.edge} ${css[edge]}`} aria-hidden="true" {...drag} />;
}
