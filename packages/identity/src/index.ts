export { IdentityError } from './error.ts';
export { openIdentity, type Identity } from './identity.ts';
export { openKeeper, type Keeper } from './keeper/keeper.ts';
export type { Log } from './log.ts';
export { recoverAddress } from './recover.ts';
export type { Session } from './sessions.ts';
export type { ClaimProof, Login } from './sign-in.ts';
