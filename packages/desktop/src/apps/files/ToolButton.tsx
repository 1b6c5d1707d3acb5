import type { ComponentProps } from 'react';
import { Button } from '../../components/Button.tsx';
import css from './ToolButton.module.css';

/** A toolbar button whose words make room for its icon in a narrow window. The name stays for screen readers. */
export function ToolButton({ children, ...rest }: ComponentProps<typeof Button> & { children: string }) {
  return (
    <span className={css.tool}>
      <Button title={children} {...rest}>
        <span className={css.words}>{children}</span>
      </Button>
    </span>
  );
}
