import { Icon } from '../icons.tsx';
import type { App } from '../windows/apps.ts';
import css from './AppIcon.module.css';

export function AppIcon({ app, size }: { app: Pick<App, 'icon' | 'tint'>; size: number }) {
  return (
    <span className={`${css.icon} ${css[app.tint]}`} style={{ width: size, height: size, borderRadius: size * 0.28 }} aria-hidden="true">
      <Icon name={app.icon} size={Math.round(size * 0.58)} />
    </span>
  );
}
