import { spawnSync } from 'node:child_process';

const nobody = 65534;
const isRoot = process.getuid?.() === 0;
const nobodyMayRun = !isRoot || spawnSync(process.execPath, ['--version'], { uid: nobody, gid: nobody }).status === 0;

/** Who starts the host processes of a hostile suite: whoever runs the tests, and where that is root, an ordinary user as well. */
export const starters = [
  ...(isRoot ? [{ who: 'root', user: undefined, skip: false as const }] : []),
  {
    who: 'an ordinary user',
    user: isRoot ? nobody : undefined,
    skip: nobodyMayRun ? (false as const) : 'the user nobody may not read this checkout',
  },
];
