import { useEffect, useRef } from 'react';
import { Icon } from '../../icons.tsx';
import css from './Search.module.css';

/** Looks like the field that it opens; an icon in a narrow window. */
export function SearchButton({ onClick, takesFocus }: { onClick: () => void; takesFocus: boolean }) {
  const button = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (takesFocus) button.current?.focus();
  }, [takesFocus]);
  return (
    <button
      ref={button}
      type="button"
      className={css.open}
      aria-label="Search"
      aria-keyshortcuts="Control+F"
      title="Search (Ctrl+F)"
      onClick={onClick}
    >
      <Icon name="search" size={18} />
      <span>Search</span>
    </button>
  );
}
