export { readConfig, type Config } from './config.ts';
export { ConfigError, RequestError } from './error.ts';
export { startNode, type NodeOptions, type RunningNode } from './node.ts';
export { version } from './version.ts';
