/** The official tool's hash of an app-compose document, for tests. */
export { getComposeHash } from '@phala/dstack-sdk';
