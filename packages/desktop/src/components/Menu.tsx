import { useEffect, useLayoutEffect, useRef, useState, type ReactNode } from 'react';
import { createPortal } from 'react-dom';
import { Icon, type IconName } from '../icons.tsx';
import { stepFocus } from './step-focus.ts';
import css from './Menu.module.css';

export type MenuItem =
  | { label: string; icon?: IconName; hint?: string; isDanger?: boolean; isDisabled?: boolean; isChecked?: boolean; onSelect: () => void }
  | 'separator';

/** Where a menu opens: at a point, or beside an element. */
export type MenuAnchor = { x: number; y: number } | HTMLElement;
type Props = { label: string; items: readonly MenuItem[]; anchor: MenuAnchor; onClose: () => void; header?: ReactNode };

const gap = 6;

export function Menu({ label, items, anchor, onClose, header }: Props) {
  const element = useRef<HTMLDivElement>(null);
  const [position, setPosition] = useState<{ left: number; top: number }>({ left: -9999, top: 0 });
  const isElement = anchor instanceof HTMLElement;

  useLayoutEffect(() => {
    const menu = element.current;
    if (menu) setPosition(place(menu.getBoundingClientRect(), anchor));
  }, [anchor]);

  useEffect(() => {
    const before = document.activeElement;
    element.current?.querySelector<HTMLElement>('[role^=menuitem]:not([aria-disabled=true])')?.focus();
    const outside = (event: PointerEvent) => {
      const target = event.target instanceof Node ? event.target : null;
      if (!element.current?.contains(target) && !(isElement && anchor.contains(target))) onClose();
    };
    document.addEventListener('pointerdown', outside, true);
    window.addEventListener('blur', onClose);
    return () => {
      document.removeEventListener('pointerdown', outside, true);
      window.removeEventListener('blur', onClose);
      if (before instanceof HTMLElement && (document.activeElement === document.body || element.current?.contains(document.activeElement)))
        before.focus();
    };
    // A menu lives from opening to closing: its first `onClose` stays right for that long.
  }, []);

  return createPortal(
    <div
      ref={element}
      className={css.menu}
      style={position}
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.key === 'Escape' || event.key === 'Tab') {
          event.preventDefault();
          onClose();
        } else stepFocus(event, '[role^=menuitem]');
      }}
      onContextMenu={(event) => event.preventDefault()}
    >
      {header}
      <div role="menu" aria-label={label}>
        {items.map((item, index) =>
          item === 'separator' ? (
            <hr key={`separator ${index}`} className={css.separator} />
          ) : (
            <button
              key={item.label}
              type="button"
              role={item.isChecked === undefined ? 'menuitem' : 'menuitemradio'}
              aria-checked={item.isChecked}
              aria-disabled={item.isDisabled}
              aria-label={item.label}
              tabIndex={-1}
              className={`${css.item} ${item.isDanger ? css.danger : ''}`}
              onClick={() => {
                if (item.isDisabled) return;
                onClose();
                item.onSelect();
              }}
            >
              {item.icon && <Icon name={item.icon} size={18} />}
              <span className={css.label}>{item.label}</span>
              {item.hint && <kbd>{item.hint}</kbd>}
              {item.isChecked && <Icon name="check" size={16} />}
            </button>
          ),
        )}
      </div>
    </div>,
    document.querySelector('main') ?? document.body,
  );
}

function place({ width, height }: DOMRect, anchor: MenuAnchor): { left: number; top: number } {
  const box = anchor instanceof HTMLElement ? anchor.getBoundingClientRect() : new DOMRect(anchor.x, anchor.y, 0, 0);
  const below = box.bottom + (anchor instanceof HTMLElement ? gap : 0);
  const above = box.top - height - (anchor instanceof HTMLElement ? gap : 0);
  const top = below + height + gap <= innerHeight ? below : Math.max(gap, above);
  const left = box.left + width + gap <= innerWidth ? box.left : box.right - width;
  return { left: Math.max(gap, Math.min(left, innerWidth - width - gap)), top };
}
