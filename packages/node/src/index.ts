export { readConfig, type Config } from './config.ts';
export { ConfigError, RequestError } from './error.ts';
export { checkDrives, type DriveCheck } from './fsck.ts';
export { driveReport, type DriveReport } from './routes/drive-audit.ts';
export { startNode, type NodeOptions, type RunningNode } from './node.ts';
export { version } from './version.ts';
