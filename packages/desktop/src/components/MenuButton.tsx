import { useRef, useState, type ReactNode } from 'react';
import { Menu, type MenuItem } from './Menu.tsx';

type Props = { label: string; items: readonly MenuItem[]; className?: string | undefined; children: ReactNode; header?: ReactNode };

/** A button that opens a menu. */
export function MenuButton({ label, items, className, children, header }: Props) {
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  return (
    <>
      <button
        ref={button}
        type="button"
        className={className}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
        onKeyDown={(event) => {
          if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return;
          event.preventDefault();
          setOpen(true);
        }}
      >
        {children}
      </button>
      {isOpen && button.current && (
        <Menu label={label} items={items} anchor={button.current} header={header} onClose={() => setOpen(false)} />
      )}
    </>
  );
}
