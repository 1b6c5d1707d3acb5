import type { ReactElement } from 'react';

/** Our own line icons on a 24-unit grid: one stroke width, round ends. They are always decoration beside a name. */
const shapes = {
  home: <path d="M4 11.2 12 4l8 7.2V19a1.5 1.5 0 0 1-1.5 1.5h-13A1.5 1.5 0 0 1 4 19zM9.75 20.5v-6h4.5v6" />,
  folder: <path d="M3.5 7A1.5 1.5 0 0 1 5 5.5h4.2l2 2.5H19A1.5 1.5 0 0 1 20.5 9.5V17A1.5 1.5 0 0 1 19 18.5H5A1.5 1.5 0 0 1 3.5 17z" />,
  folderPlus: (
    <path d="M3.5 7A1.5 1.5 0 0 1 5 5.5h4.2l2 2.5H19A1.5 1.5 0 0 1 20.5 9.5V17A1.5 1.5 0 0 1 19 18.5H5A1.5 1.5 0 0 1 3.5 17zM12 11v5M9.5 13.5h5" />
  ),
  file: <path d="M6 4.5A1.5 1.5 0 0 1 7.5 3H14l4.5 4.5V19.5A1.5 1.5 0 0 1 17 21H7.5A1.5 1.5 0 0 1 6 19.5zM14 3v4.5h4.5" />,
  text: <path d="M6 4.5A1.5 1.5 0 0 1 7.5 3H14l4.5 4.5V19.5A1.5 1.5 0 0 1 17 21H7.5A1.5 1.5 0 0 1 6 19.5zM14 3v4.5h4.5M9 12h6M9 15.5h4" />,
  image: (
    <path d="M5 4h14a1.5 1.5 0 0 1 1.5 1.5v13A1.5 1.5 0 0 1 19 20H5a1.5 1.5 0 0 1-1.5-1.5v-13A1.5 1.5 0 0 1 5 4zM4 17l5-5 4 4 2.5-2.5L20 18M15.5 9.5h.01" />
  ),
  audio: <path d="M9 17.5V6l10-2v11.5M9 17.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0zM19 15.5a2.5 2.5 0 1 1-5 0 2.5 2.5 0 0 1 5 0z" />,
  video: (
    <path d="M4.5 6h9A1.5 1.5 0 0 1 15 7.5v9a1.5 1.5 0 0 1-1.5 1.5h-9A1.5 1.5 0 0 1 3 16.5v-9A1.5 1.5 0 0 1 4.5 6zM15 10.5l6-3v9l-6-3" />
  ),
  functions: <path d="M13 3 5 13.5h6L10.5 21 19 10.5h-6z" />,
  program: <path d="M8 8l-4 4 4 4M16 8l4 4-4 4M13.5 5.5l-3 13" />,
  trash: (
    <path d="M4.5 6.5h15M9.5 6.5V4.75A.75.75 0 0 1 10.25 4h3.5a.75.75 0 0 1 .75.75V6.5M6.5 6.5l.8 12a1.5 1.5 0 0 0 1.5 1.5h6.4a1.5 1.5 0 0 0 1.5-1.5l.8-12M10.25 10.5v5.5M13.75 10.5v5.5" />
  ),
  upload: <path d="M12 15.5V4.5M7.5 8.5 12 4l4.5 4.5M4.5 15.5V18A1.5 1.5 0 0 0 6 19.5h12a1.5 1.5 0 0 0 1.5-1.5v-2.5" />,
  download: <path d="M12 4v11M7.5 11 12 15.5 16.5 11M4.5 15.5V18A1.5 1.5 0 0 0 6 19.5h12a1.5 1.5 0 0 0 1.5-1.5v-2.5" />,
  rename: <path d="M4.5 19.5h3.5L19 8.5 15.5 5l-11 11zM13.5 7l3.5 3.5" />,
  move: (
    <path d="M3.5 7A1.5 1.5 0 0 1 5 5.5h4.2l2 2.5H19A1.5 1.5 0 0 1 20.5 9.5V17A1.5 1.5 0 0 1 19 18.5H5A1.5 1.5 0 0 1 3.5 17zM8.5 13.25h6.5M12.5 10.75l2.5 2.5-2.5 2.5" />
  ),
  restore: <path d="M4.5 12a7.5 7.5 0 1 0 2.5-5.6M4.5 4v4h4" />,
  open: <path d="M13.5 4.5h6v6M19.5 4.5 11 13M9.5 5.5H6A1.5 1.5 0 0 0 4.5 7v11A1.5 1.5 0 0 0 6 19.5h11a1.5 1.5 0 0 0 1.5-1.5v-3.5" />,
  more: <path d="M6 12h.01M12 12h.01M18 12h.01" strokeWidth="2.6" />,
  plus: <path d="M12 5v14M5 12h14" />,
  check: <path d="m5 12.5 4.5 4.5L19 7.5" />,
  copy: (
    <path d="M9 8.5h9a1.5 1.5 0 0 1 1.5 1.5v9a1.5 1.5 0 0 1-1.5 1.5H9A1.5 1.5 0 0 1 7.5 19v-9A1.5 1.5 0 0 1 9 8.5zM7.5 15.5H6A1.5 1.5 0 0 1 4.5 14V5A1.5 1.5 0 0 1 6 3.5h9A1.5 1.5 0 0 1 16.5 5v3.5" />
  ),
  close: <path d="M6.5 6.5l11 11M17.5 6.5l-11 11" />,
  minimise: <path d="M6 12.5h12" />,
  maximise: <path d="M7.5 6.5h9a1 1 0 0 1 1 1v9a1 1 0 0 1-1 1h-9a1 1 0 0 1-1-1v-9a1 1 0 0 1 1-1z" />,
  unmaximise: <path d="M6.5 9.5h8v8h-8zM9.5 9.5v-3h8v8h-3" />,
  snapLeft: <path d="M5 5h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM12 5v14M7 9.5h2M7 12h2" />,
  snapRight: <path d="M5 5h14a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V6a1 1 0 0 1 1-1zM12 5v14M15 9.5h2M15 12h2" />,
  resize: <path d="M14.5 4.5h5v5M9.5 19.5h-5v-5M19.5 4.5l-6 6M4.5 19.5l6-6" />,
  drag: <path d="M12 3.5v17M3.5 12h17M9.5 6 12 3.5 14.5 6M9.5 18l2.5 2.5 2.5-2.5M6 9.5 3.5 12 6 14.5M18 9.5l2.5 2.5-2.5 2.5" />,
  launcher: <path d="M5 5h5v5H5zM14 5h5v5h-5zM5 14h5v5H5zM14 14h5v5h-5z" />,
  user: <path d="M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.5 20c.8-3.5 3.8-5.5 7.5-5.5s6.7 2 7.5 5.5" />,
  wallet: (
    <path d="M5 6.5h13A1.5 1.5 0 0 1 19.5 8v10a1.5 1.5 0 0 1-1.5 1.5H6A2.5 2.5 0 0 1 3.5 17V6.5A2 2 0 0 1 5.5 4.5H16v2M19.5 11h-4a2 2 0 1 0 0 4h4" />
  ),
  key: <path d="M8 15.5a4 4 0 1 1 3.7-5.5h8.8v3.5h-2.5v2.5h-3v-2.5h-3.3A4 4 0 0 1 8 15.5zM8 11.5h.01" />,
  signOut: <path d="M14 4.5h4A1.5 1.5 0 0 1 19.5 6v12a1.5 1.5 0 0 1-1.5 1.5h-4M10.5 8 6 12l4.5 4M6 12h9.5" />,
  devices: (
    <path d="M5.5 5h11A1.5 1.5 0 0 1 18 6.5V9M4 6.5A1.5 1.5 0 0 1 5.5 5M4 6.5V15h9.5M2.5 18.5h11M16.5 11.5h3A1 1 0 0 1 20.5 12.5v6a1 1 0 0 1-1 1h-3a1 1 0 0 1-1-1v-6a1 1 0 0 1 1-1z" />
  ),
  sun: (
    <path d="M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2.5v2M12 19.5v2M4.5 12h-2M21.5 12h-2M6.7 6.7 5.3 5.3M18.7 18.7l-1.4-1.4M6.7 17.3l-1.4 1.4M18.7 5.3l-1.4 1.4" />
  ),
  moon: <path d="M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10z" />,
  contrast: <path d="M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM12 3.5v17M12 8l6.5-.5M12 12h8.5M12 16l6.5.5" />,
  system: (
    <path d="M5 4.5h14A1.5 1.5 0 0 1 20.5 6v9a1.5 1.5 0 0 1-1.5 1.5H5A1.5 1.5 0 0 1 3.5 15V6A1.5 1.5 0 0 1 5 4.5zM9 20h6M12 16.5V20" />
  ),
  back: <path d="M19 12H5M11 6l-6 6 6 6" />,
  up: <path d="m6.5 14.5 5.5-5.5 5.5 5.5" />,
  down: <path d="m6.5 9.5 5.5 5.5 5.5-5.5" />,
  right: <path d="m9.5 6.5 5.5 5.5-5.5 5.5" />,
  alert: <path d="M12 4 2.8 19.5h18.4zM12 10v4.5M12 17h.01" />,
  eye: <path d="M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z" />,
  coins: (
    <path d="M9 11c3 0 5.5-1.3 5.5-3S12 5 9 5 3.5 6.3 3.5 8 6 11 9 11zM3.5 8v7c0 1.7 2.5 3 5.5 3M14.5 8v2M15 19.5c3 0 5.5-1.3 5.5-3s-2.5-3-5.5-3-5.5 1.3-5.5 3 2.5 3 5.5 3z" />
  ),
  refresh: <path d="M19.5 12a7.5 7.5 0 1 1-2.5-5.6M19.5 4v4h-4" />,
} satisfies Record<string, ReactElement>;

export type IconName = keyof typeof shapes;

export function Icon({ name, size = 20 }: { name: IconName; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      {shapes[name]}
    </svg>
  );
}
