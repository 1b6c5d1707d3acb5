import { useRef, type MouseEvent, type PointerEvent } from 'react';

export type DragHandlers = {
  /** Called at every move, outside React's rendering: draw directly. */
  onMove: (dx: number, dy: number, event: PointerEvent<HTMLElement>) => void;
  onEnd: (dx: number, dy: number, event: PointerEvent<HTMLElement>) => void;
  onCancel: () => void;
};

/** Before this many pixels it is a click. */
const threshold = 4;

/** Dragging with mouse, pen or finger, with the pointer captured so that it may leave the element. */
export function useDrag({ onMove, onEnd, onCancel }: DragHandlers) {
  const start = useRef<{ x: number; y: number; isMoving: boolean } | null>(null);
  return {
    onPointerDown(event: PointerEvent<HTMLElement>) {
      if (event.button !== 0 || (event.target instanceof Element && event.target.closest('button, input, a'))) return;
      event.currentTarget.setPointerCapture(event.pointerId);
      start.current = { x: event.clientX, y: event.clientY, isMoving: false };
    },
    // Chromium looks for something draggable where the mouse went down only after the window has moved away from there, and
    // would begin to drag a file of the window below.
    onMouseDown(event: MouseEvent<HTMLElement>) {
      if (start.current) event.preventDefault();
    },
    onPointerMove(event: PointerEvent<HTMLElement>) {
      if (!start.current) return;
      const dx = event.clientX - start.current.x;
      const dy = event.clientY - start.current.y;
      if (!start.current.isMoving && Math.hypot(dx, dy) < threshold) return;
      start.current.isMoving = true;
      onMove(dx, dy, event);
    },
    onPointerUp(event: PointerEvent<HTMLElement>) {
      const begun = start.current;
      start.current = null;
      if (begun?.isMoving) onEnd(event.clientX - begun.x, event.clientY - begun.y, event);
    },
    onPointerCancel() {
      if (start.current?.isMoving) onCancel();
      start.current = null;
    },
  };
}
