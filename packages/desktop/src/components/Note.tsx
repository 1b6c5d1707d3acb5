import type { ReactNode } from 'react';
import { Icon, type IconName } from '../icons.tsx';
import css from './Note.module.css';

type Props = { tone: 'problem' | 'caution' | 'good'; icon?: IconName; children: ReactNode };

/** A framed sentence that must not be overlooked. Problems are read out at once. */
export function Note({ tone, icon = tone === 'good' ? 'check' : 'alert', children }: Props) {
  return (
    <div className={`${css.note} ${css[tone]}`} role={tone === 'problem' ? 'alert' : undefined}>
      <Icon name={icon} size={18} />
      <div>{children}</div>
    </div>
  );
}
