import type { MenuItem } from '../components/Menu.tsx';
import type { Placement } from './reducer.ts';

type Options = {
  placement: Placement;
  isCompact: boolean;
  onPlace: (placement: Placement) => void;
  onKeyMode: (mode: 'move' | 'resize') => void;
  onMinimise: () => void;
  onClose: () => void;
};

/** Everything that the mouse can do to a window, for the keyboard and for those who look for it. */
export function windowMenu({ placement, isCompact, onPlace, onKeyMode, onMinimise, onClose }: Options): MenuItem[] {
  const arranging: MenuItem[] = isCompact
    ? []
    : [
        { label: 'Move', icon: 'drag', hint: 'Alt+arrows', onSelect: () => onKeyMode('move') },
        { label: 'Resize', icon: 'resize', hint: 'Alt+Shift+arrows', onSelect: () => onKeyMode('resize') },
        'separator',
        { label: 'Snap left', icon: 'snapLeft', onSelect: () => onPlace('left') },
        { label: 'Snap right', icon: 'snapRight', onSelect: () => onPlace('right') },
        placement === 'free'
          ? { label: 'Maximise', icon: 'maximise', onSelect: () => onPlace('maximised') }
          : { label: 'Restore size', icon: 'unmaximise', onSelect: () => onPlace('free') },
      ];
  return [
    ...arranging,
    { label: 'Minimise', icon: 'minimise', onSelect: onMinimise },
    'separator',
    { label: 'Close', icon: 'close', onSelect: onClose },
  ];
}
