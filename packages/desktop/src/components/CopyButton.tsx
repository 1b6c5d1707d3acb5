import { useState } from 'react';
import { useServices } from '../services.ts';
import { Button, IconButton } from './Button.tsx';
import { copyText } from './copy-text.ts';

const shownMs = 1600;

/** Copies a text and says so. With `children` it is a button with words, otherwise an icon. */
export function CopyButton({ text, label, children }: { text: string; label: string; children?: string }) {
  const { toasts } = useServices();
  const [isCopied, setCopied] = useState(false);
  const copy = async () => {
    if (!(await copyText(text))) return toasts.say('The browser did not allow copying. Select the text and copy it by hand.');
    setCopied(true);
    setTimeout(() => setCopied(false), shownMs);
  };
  const icon = isCopied ? 'check' : 'copy';
  if (children === undefined) return <IconButton icon={icon} label={isCopied ? 'Copied' : label} size={18} onClick={() => void copy()} />;
  return (
    <Button icon={icon} aria-label={label} onClick={() => void copy()}>
      {isCopied ? 'Copied' : children}
    </Button>
  );
}
