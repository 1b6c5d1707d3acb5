import { AppIcon } from '../components/AppIcon.tsx';
import { useServices } from '../services.ts';
import { launchable } from '../windows/apps.ts';
import css from './Desktop.module.css';

export function DesktopIcons() {
  const { windows } = useServices();
  const icons = [
    ...launchable.map((app) => ({
      app,
      name: app.name,
      open: () => windows.reveal(app.id === 'files' ? { app: 'files', place: 'home' } : { app: 'functions' }),
    })),
    { app: { icon: 'trash', tint: 'stone' } as const, name: 'Trash', open: () => windows.reveal({ app: 'files', place: 'trash' }) },
  ];
  return (
    <ul className={css.icons} aria-label="Desktop icons">
      {icons.map(({ app, name, open }) => (
        <li key={name}>
          <button type="button" className={css.icon} aria-label={`Open ${name}`} onClick={open}>
            <AppIcon app={app} size={52} />
            <span>{name}</span>
          </button>
        </li>
      ))}
    </ul>
  );
}
