/** What may be done through a descriptor: one bit each (WASI preview 1, `rights`). */
export const rights = {
  fdDatasync: 1n << 0n,
  fdRead: 1n << 1n,
  fdSeek: 1n << 2n,
  fdFdstatSetFlags: 1n << 3n,
  fdSync: 1n << 4n,
  fdTell: 1n << 5n,
  fdWrite: 1n << 6n,
  fdAdvise: 1n << 7n,
  fdAllocate: 1n << 8n,
  pathCreateDirectory: 1n << 9n,
  pathCreateFile: 1n << 10n,
  pathLinkSource: 1n << 11n,
  pathLinkTarget: 1n << 12n,
  pathOpen: 1n << 13n,
  fdReaddir: 1n << 14n,
  pathReadlink: 1n << 15n,
  pathRenameSource: 1n << 16n,
  pathRenameTarget: 1n << 17n,
  pathFilestatGet: 1n << 18n,
  pathFilestatSetSize: 1n << 19n,
  pathFilestatSetTimes: 1n << 20n,
  fdFilestatGet: 1n << 21n,
  fdFilestatSetSize: 1n << 22n,
  fdFilestatSetTimes: 1n << 23n,
  pathSymlink: 1n << 24n,
  pathRemoveDirectory: 1n << 25n,
  pathUnlinkFile: 1n << 26n,
  pollFdReadwrite: 1n << 27n,
} as const;

const { fdRead, fdSeek, fdTell, fdWrite, fdAllocate, fdFilestatSetSize, fdFilestatSetTimes, fdAdvise } = rights;
const { fdDatasync, fdSync, fdFdstatSetFlags, fdFilestatGet, pollFdReadwrite } = rights;
const common = fdDatasync | fdSync | fdFdstatSetFlags | fdAdvise | fdFilestatGet | fdFilestatSetTimes | pollFdReadwrite;

/** All that means something for a file, a folder and a standard stream. Programs test these masks for exact values. */
export const fileRights = common | fdRead | fdSeek | fdTell | fdWrite | fdAllocate | fdFilestatSetSize;
export const folderRights =
  common |
  rights.pathCreateDirectory |
  rights.pathCreateFile |
  rights.pathLinkSource |
  rights.pathLinkTarget |
  rights.pathOpen |
  rights.fdReaddir |
  rights.pathReadlink |
  rights.pathRenameSource |
  rights.pathRenameTarget |
  rights.pathFilestatGet |
  rights.pathFilestatSetSize |
  rights.pathFilestatSetTimes |
  rights.pathSymlink |
  rights.pathRemoveDirectory |
  rights.pathUnlinkFile;
export const streamRights = fdRead | fdWrite | fdFdstatSetFlags | fdFilestatGet | pollFdReadwrite;
