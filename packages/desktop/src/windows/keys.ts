import type { Bounds } from './reducer.ts';

const step = 32;

/** What an arrow key does to a window that is being moved or resized by keyboard, or null for other keys. */
export function nudge(bounds: Bounds, mode: 'move' | 'resize', key: string): Bounds | null {
  const [dx, dy] = { ArrowLeft: [-step, 0], ArrowRight: [step, 0], ArrowUp: [0, -step], ArrowDown: [0, step] }[key] ?? [0, 0];
  if (dx === 0 && dy === 0) return null;
  if (mode === 'move') return { ...bounds, x: bounds.x + (dx ?? 0), y: bounds.y + (dy ?? 0) };
  return { ...bounds, width: bounds.width + (dx ?? 0), height: bounds.height + (dy ?? 0) };
}
