export { openGuardedFetch } from './guarded-fetch.ts';
export { largestScript } from './job.ts';
export type { JavaScriptJob, Service, ServiceAnswer } from './job.ts';
export { openJavaScriptPool } from './pool.ts';
