export { openDrive, type AuditRequest, type Drive, type DriveDeps, type DriveHandle, type DriveOptions } from './drive.ts';
export { DriveError, type DriveErrorCode } from './error.ts';
export type { Finding, FindingKind, Progress } from './fsck/finding.ts';
export type { Content, Page, Range } from './looking.ts';
export type { MoveOptions, OnConflict, WriteFileOptions } from './writing.ts';
export type { CopyOptions } from './copying.ts';
export { appFolder, type Actor, type Place, type Target } from './reach.ts';
export { includes, rights, type Right } from './right.ts';
