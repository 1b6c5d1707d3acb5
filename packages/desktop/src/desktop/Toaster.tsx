import { useEffect } from 'react';
import { useStore } from 'zustand';
import { Button, IconButton } from '../components/Button.tsx';
import { useServices } from '../services.ts';
import type { Toast } from './toasts.ts';
import css from './Toaster.module.css';

/** Long enough to read a sentence and to reach for Undo. */
const shownMs = 8000;

/** Short messages in the corner, read out politely. */
export function Toaster() {
  const { toasts } = useServices();
  const shown = useStore(toasts.store);
  return (
    <div className={css.toaster} role="status" aria-label="Notifications">
      {shown.map((toast) => (
        <ToastCard key={toast.id} toast={toast} onDismiss={() => toasts.dismiss(toast.id)} />
      ))}
    </div>
  );
}

function ToastCard({ toast, onDismiss }: { toast: Toast; onDismiss: () => void }) {
  const { toasts } = useServices();
  useEffect(() => {
    const timer = setTimeout(() => toasts.dismiss(toast.id), shownMs);
    return () => clearTimeout(timer);
  }, [toasts, toast.id]);
  return (
    <div className={css.toast} data-tone={toast.tone}>
      <p>{toast.message}</p>
      {toast.action && (
        <Button
          kind="quiet"
          onClick={() => {
            onDismiss();
            toast.action?.run();
          }}
        >
          {toast.action.label}
        </Button>
      )}
      <IconButton icon="close" label="Dismiss" size={16} onClick={onDismiss} />
    </div>
  );
}
