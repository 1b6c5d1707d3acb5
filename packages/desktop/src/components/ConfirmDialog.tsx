import type { ReactNode } from 'react';
import { Button } from './Button.tsx';
import { Dialog } from './Dialog.tsx';

type Props = { title: string; action: string; children: ReactNode; onClose: () => void; onConfirm: () => void };

/** Asks before something that cannot be undone. The body says what is lost. */
export function ConfirmDialog({ title, action, children, onClose, onConfirm }: Props) {
  return (
    <Dialog
      role="alertdialog"
      title={title}
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button
            kind="danger"
            onClick={() => {
              onConfirm();
              onClose();
            }}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
    </Dialog>
  );
}
