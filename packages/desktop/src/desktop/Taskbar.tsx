import type { Account, NodeInfo } from '@freehold/protocol';
import { useStore } from 'zustand';
import { AppIcon } from '../components/AppIcon.tsx';
import { MenuButton } from '../components/MenuButton.tsx';
import { Icon } from '../icons.tsx';
import { useServices } from '../services.ts';
import { appOf, launchable, programs } from '../windows/apps.ts';
import { focusedId } from '../windows/reducer.ts';
import { AccountMenu } from './AccountMenu.tsx';
import { Clock } from './Clock.tsx';
import css from './Taskbar.module.css';

const home = { files: { app: 'files', place: 'home' }, functions: { app: 'functions' } } as const;

/** Launcher, pinned apps, other open windows, and the account. */
export function Taskbar({ node, account }: { node: NodeInfo; account: Account }) {
  const { windows } = useServices();
  const state = useStore(windows.store);
  const focused = focusedId(state);
  const inFront = state.windows.find(({ id }) => id === focused);
  const pinned = launchable.map((app) => ({
    app,
    isOpen: state.windows.some((item) => item.content.app === app.id),
    isActive: inFront?.content.app === app.id,
  }));
  // A pinned app stands for its only window; further windows and other apps get a button of their own.
  const others = state.windows.filter(
    (item, index, all) =>
      !launchable.some(({ id }) => id === item.content.app) || all.findIndex((other) => other.content.app === item.content.app) !== index,
  );

  return (
    <nav className={css.taskbar} aria-label="Taskbar">
      <MenuButton
        label="Launcher"
        className={css.launcher}
        items={[
          { label: 'Files', icon: 'folder', onSelect: () => windows.reveal(home.files) },
          { label: 'Functions', icon: 'functions', onSelect: () => windows.reveal(home.functions) },
          { label: 'Earnings', icon: 'coins', onSelect: () => windows.reveal({ app: 'earnings' }) },
          { label: 'Trash', icon: 'trash', onSelect: () => windows.reveal({ app: 'files', place: 'trash' }) },
          'separator',
          ...programs.map((app) => ({ label: appOf({ app }).name, icon: appOf({ app }).icon, onSelect: () => windows.reveal({ app }) })),
          'separator',
          { label: 'New Files window', icon: 'plus', onSelect: () => windows.open(home.files) },
        ]}
      >
        <Icon name="launcher" />
      </MenuButton>
      <ul className={css.apps}>
        {pinned.map(({ app, isOpen, isActive }) => (
          <li key={app.id}>
            <button
              type="button"
              className={css.app}
              data-open={isOpen}
              aria-pressed={isActive}
              aria-label={app.name}
              title={app.name}
              onClick={() => windows.toggle(app.id === 'files' ? home.files : home.functions)}
            >
              <AppIcon app={app} size={32} />
            </button>
          </li>
        ))}
        {others.map((item) => (
          <li key={item.id}>
            <button
              type="button"
              className={`${css.app} ${css.named}`}
              data-open="true"
              aria-pressed={item.id === focused}
              title={item.title}
              onClick={() => windows.dispatch({ type: item.id === focused ? 'minimise' : 'focus', id: item.id })}
            >
              <AppIcon app={appOf(item.content)} size={24} />
              <span>{item.title}</span>
            </button>
          </li>
        ))}
      </ul>
      {node.testMoney && (
        <span className={css.badge} title="This node runs on its own test chain: amounts are play money">
          Test money
        </span>
      )}
      <Clock />
      <AccountMenu account={account} testMoney={node.testMoney} hasKeyService={node.keyService !== null} />
    </nav>
  );
}
