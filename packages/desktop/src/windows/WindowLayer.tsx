import { useEffect, useRef, useState } from 'react';
import { useStore } from 'zustand';
import { AppView } from '../apps/AppView.tsx';
import { useServices } from '../services.ts';
import { boundsOf, focusedId, type Placement } from './reducer.ts';
import { WindowFrame } from './WindowFrame.tsx';
import css from './WindowLayer.module.css';

/** The space above the taskbar, with all windows in it. */
export function WindowLayer() {
  const { windows } = useServices();
  const state = useStore(windows.store);
  const [preview, setPreview] = useState<Placement | null>(null);
  const element = useRef<HTMLDivElement>(null);
  const focused = focusedId(state);

  useEffect(() => {
    const layer = element.current;
    if (!layer) return undefined;
    const observer = new ResizeObserver(() =>
      windows.dispatch({ type: 'setArea', area: { width: layer.clientWidth, height: layer.clientHeight } }),
    );
    observer.observe(layer);
    return () => observer.disconnect();
  }, [windows]);

  const shadow = preview && boundsOf({ placement: preview, bounds: { x: 0, y: 0, width: 0, height: 0 } }, state.area);
  return (
    <div ref={element} className={css.layer}>
      {shadow && <div className={css.preview} style={{ left: shadow.x, top: shadow.y, width: shadow.width, height: shadow.height }} />}
      {state.windows.map((item) => (
        <WindowFrame
          key={item.id}
          item={item}
          area={state.area}
          isFocused={item.id === focused}
          depth={state.stack.indexOf(item.id) + 1}
          onSnapPreview={setPreview}
        >
          <AppView windowId={item.id} content={item.content} />
        </WindowFrame>
      ))}
    </div>
  );
}
