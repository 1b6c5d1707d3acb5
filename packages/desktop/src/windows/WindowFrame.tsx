import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { AppIcon } from '../components/AppIcon.tsx';
import { IconButton } from '../components/Button.tsx';
import { MenuButton } from '../components/MenuButton.tsx';
import { useIsCompact } from '../components/use-media.ts';
import { useServices } from '../services.ts';
import { appOf } from './apps.ts';
import { edges, snapAt } from './edges.ts';
import { nudge } from './keys.ts';
import { boundsOf, type Bounds, type DesktopWindow, type Placement, type Size } from './reducer.ts';
import { ResizeHandle } from './ResizeHandle.tsx';
import { useDrag } from './use-drag.ts';
import { windowMenu } from './window-menu.ts';
import css from './WindowFrame.module.css';

type Props = {
  item: DesktopWindow;
  area: Size;
  isFocused: boolean;
  depth: number;
  onSnapPreview: (placement: Placement | null) => void;
  children: ReactNode;
};

/** One window: a title bar that moves it, edges that resize it, and what it shows. */
export function WindowFrame({ item, area, isFocused, depth, onSnapPreview, children }: Props) {
  const { windows } = useServices();
  const { dispatch } = windows;
  const isCompact = useIsCompact();
  const element = useRef<HTMLElement>(null);
  const [keyMode, setKeyMode] = useState<'move' | 'resize' | null>(null);
  const { id, placement } = item;
  const bounds = boundsOf(item, area);
  const isMaximised = placement === 'maximised';

  useEffect(() => {
    const target = element.current;
    if (isFocused && target && !target.contains(document.activeElement)) target.focus({ preventScroll: true });
  }, [isFocused]);

  const draw = (next: Bounds | null) => {
    if (element.current) Object.assign(element.current.style, styleOf(next ?? bounds));
  };
  /** Taking hold of a snapped window gives it its free size back, under the pointer. */
  const grabbed = (dx: number, dy: number, pointerX: number): Bounds => {
    const free = item.bounds;
    const isFree = placement === 'free';
    return { ...free, x: isFree ? bounds.x + dx : Math.round(pointerX - free.width / 2), y: bounds.y + dy };
  };
  const titleBar = useDrag({
    onMove: (dx, dy, event) => {
      draw(grabbed(dx, dy, event.clientX));
      onSnapPreview(snapAt({ x: event.clientX, y: event.clientY }, area.width));
    },
    onEnd: (dx, dy, event) => {
      const snapped = snapAt({ x: event.clientX, y: event.clientY }, area.width);
      onSnapPreview(null);
      draw(null);
      if (snapped) dispatch({ type: 'place', id, placement: snapped });
      else dispatch({ type: 'setBounds', id, bounds: grabbed(dx, dy, event.clientX) });
    },
    onCancel: () => {
      onSnapPreview(null);
      draw(null);
    },
  });

  const toggleMaximised = () => dispatch({ type: 'place', id, placement: isMaximised ? 'free' : 'maximised' });
  const onKeyDown = (event: KeyboardEvent) => {
    const mode = keyMode ?? (event.altKey ? (event.shiftKey ? 'resize' : 'move') : null);
    const next = mode && nudge(bounds, mode, event.key);
    if (next) {
      event.preventDefault();
      event.stopPropagation();
      dispatch({ type: 'setBounds', id, bounds: next });
    } else if (keyMode && (event.key === 'Enter' || event.key === 'Escape')) {
      event.preventDefault();
      event.stopPropagation();
      setKeyMode(null);
    }
  };

  return (
    <section
      ref={element}
      role="dialog"
      aria-label={item.title}
      tabIndex={-1}
      data-focused={isFocused}
      data-placement={placement}
      className={css.window}
      style={{ ...(isCompact ? {} : styleOf(bounds)), zIndex: depth }}
      hidden={item.minimised}
      onPointerDownCapture={() => {
        setKeyMode(null);
        dispatch({ type: 'focus', id });
      }}
      onFocusCapture={() => !isFocused && !item.minimised && dispatch({ type: 'focus', id })}
      onKeyDownCapture={onKeyDown}
    >
      <header className={css.titleBar} {...(isCompact ? {} : titleBar)} onDoubleClick={isCompact ? undefined : toggleMaximised}>
        <MenuButton
          label={`Window menu of ${item.title}`}
          className={css.menuButton}
          items={windowMenu({
            placement,
            isCompact,
            onPlace: (next) => dispatch({ type: 'place', id, placement: next }),
            onKeyMode: (mode) => {
              setKeyMode(mode);
              element.current?.focus();
            },
            onMinimise: () => dispatch({ type: 'minimise', id }),
            onClose: () => dispatch({ type: 'close', id }),
          })}
        >
          <AppIcon app={appOf(item.content)} size={24} />
        </MenuButton>
        <h2 className={css.title}>{item.title}</h2>
        <div className={css.controls}>
          <IconButton icon="minimise" label={`Minimise ${item.title}`} size={18} onClick={() => dispatch({ type: 'minimise', id })} />
          {!isCompact && (
            <IconButton
              icon={isMaximised ? 'unmaximise' : 'maximise'}
              label={`${isMaximised ? 'Make smaller' : 'Maximise'} ${item.title}`}
              size={18}
              onClick={toggleMaximised}
            />
          )}
          <IconButton icon="close" label={`Close ${item.title}`} size={18} onClick={() => dispatch({ type: 'close', id })} />
        </div>
      </header>
      {keyMode && (
        <p className={css.keyHint} role="status">
          Arrow keys {keyMode} this window. Press Enter when done.
        </p>
      )}
      <div className={css.content}>{children}</div>
      {!isCompact &&
        placement === 'free' &&
        edges.map((edge) => (
          <ResizeHandle
            key={edge}
            edge={edge}
            bounds={bounds}
            onDraw={draw}
            onEnd={(next) => dispatch({ type: 'setBounds', id, bounds: next })}
          />
        ))}
    </section>
  );
}

const styleOf = ({ x, y, width, height }: Bounds) => ({
  transform: `translate(${x}px, ${y}px)`,
  width: `${width}px`,
  height: `${height}px`,
});
