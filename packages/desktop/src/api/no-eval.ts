/**
 * zod compiles its checks with `Function`, which the node's content policy forbids. Told so before it is loaded, it does
 * not even try; otherwise every start would report a violation.
 */
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
export {};
