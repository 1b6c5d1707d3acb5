import { useEffect, useId, useRef, type ReactNode } from 'react';
import { IconButton } from './Button.tsx';
import css from './Dialog.module.css';

type Props = { title: string; onClose: () => void; children: ReactNode; footer?: ReactNode; role?: 'dialog' | 'alertdialog' };

/** A modal question over everything. The browser's own dialog keeps the focus inside and gives it back afterwards. */
export function Dialog({ title, onClose, children, footer, role = 'dialog' }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  const titleId = useId();
  useEffect(() => {
    const dialog = element.current;
    if (!dialog?.open) dialog?.showModal();
    // The first field, or else the first and safest answer; the browser itself would take the button that closes.
    dialog?.querySelector<HTMLElement>('form input, footer button:not(:disabled)')?.focus();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={element}
      role={role}
      className={css.dialog}
      aria-labelledby={titleId}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => event.stopPropagation()}
    >
      <header className={css.header}>
        <h2 id={titleId}>{title}</h2>
        <IconButton icon="close" label="Close" size={18} onClick={onClose} />
      </header>
      <div className={css.body}>{children}</div>
      {footer && <footer className={css.footer}>{footer}</footer>}
    </dialog>
  );
}
