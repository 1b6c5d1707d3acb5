import type { ButtonHTMLAttributes, Ref } from 'react';
import { Icon, type IconName } from '../icons.tsx';
import css from './Button.module.css';

type Props = Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'className'> & {
  icon?: IconName | undefined;
  /** `primary` once a screen; `danger` for what cannot be undone. */
  kind?: 'plain' | 'primary' | 'danger' | 'quiet';
  ref?: Ref<HTMLButtonElement>;
};

export function Button({ icon, kind = 'plain', children, ...rest }: Props) {
  return (
    <button type="button" className={`${css.button} ${css[kind]}`} {...rest}>
      {icon && <Icon name={icon} size={18} />}
      {children}
    </button>
  );
}

/** A button that shows only an icon: `label` is its name and its tooltip. */
export function IconButton({
  icon,
  label,
  size = 20,
  ...rest
}: Omit<Props, 'kind' | 'children'> & { icon: IconName; label: string; size?: number }) {
  return (
    <button type="button" className={css.iconButton} aria-label={label} title={label} {...rest}>
      <Icon name={icon} size={size} />
    </button>
  );
}
