import type { ReactNode } from 'react';
import { Icon, type IconName } from '../icons.tsx';
import css from './EmptyState.module.css';

/** A place with nothing in it says what it is for and how to begin. */
export function EmptyState({ icon, title, children, action }: { icon: IconName; title: string; children: ReactNode; action?: ReactNode }) {
  return (
    <div className={css.empty}>
      <span className={css.icon}>
        <Icon name={icon} size={36} />
      </span>
      <h3>{title}</h3>
      <p>{children}</p>
      {action}
    </div>
  );
}
