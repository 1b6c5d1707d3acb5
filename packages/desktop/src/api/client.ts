import { createAccountApi } from './account.ts';
import { createDelegatesApi } from './delegates.ts';
import { createDriveApi } from './drive.ts';
import { createEntryFactsApi } from './entry-facts.ts';
import { createFunctionsApi } from './functions.ts';
import { createRequest } from './request.ts';
import { createRunApi } from './run.ts';
import { createReachApi } from './reach.ts';
import { createWalletApi } from './wallet.ts';

export type Api = ReturnType<typeof createApi>;

/** The node's documented HTTP API, typed and checked. */
export function createApi(options: { fetch: typeof globalThis.fetch; onSignedOut: () => void }) {
  const request = createRequest(options);
  return {
    account: createAccountApi(request),
    delegates: createDelegatesApi(request),
    drive: createDriveApi(request),
    facts: createEntryFactsApi(request),
    functions: createFunctionsApi(request),
    reach: createReachApi(request),
    run: createRunApi(request),
    wallet: createWalletApi(request),
  };
}
