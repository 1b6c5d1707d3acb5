import { smallest, type Bounds } from './reducer.ts';

export const edges = ['n', 'e', 's', 'w', 'ne', 'se', 'sw', 'nw'] as const;
export type Edge = (typeof edges)[number];

/** Bounds after an edge or corner was dragged. The opposite edge stays where it is. */
export function dragEdge(bounds: Bounds, edge: Edge, dx: number, dy: number): Bounds {
  let { x, y, width, height } = bounds;
  if (edge.includes('e')) width = Math.max(smallest.width, width + dx);
  if (edge.includes('s')) height = Math.max(smallest.height, height + dy);
  if (edge.includes('w')) {
    width = Math.max(smallest.width, width - dx);
    x = bounds.x + bounds.width - width;
  }
  if (edge.includes('n')) {
    const top = Math.max(0, Math.min(bounds.y + dy, bounds.y + bounds.height - smallest.height));
    height = bounds.y + bounds.height - top;
    y = top;
  }
  return { x, y, width, height };
}

/** Where a window snaps when its title bar is let go at this point, or null. */
export function snapAt({ x, y }: { x: number; y: number }, areaWidth: number): 'left' | 'right' | 'maximised' | null {
  const reach = 12;
  if (y <= 2) return 'maximised';
  if (x <= reach) return 'left';
  if (x >= areaWidth - reach) return 'right';
  return null;
}
