export { FreeholdError } from './error.ts';
export { address, addressOfPublicKey, toAddress, zeroAddress, type Address } from './address.ts';
export { canonicalJson, hashJson } from './canonical.ts';
export { cid, cidOf, dagCborCodec, dagPbCodec, digestOf, rawCodec } from './cid.ts';
export { hashPersonalMessage, hashTypedData, toWalletJson, type TypedData } from './eip712.ts';
export { fromJsonHeader, toJsonHeader } from './header.ts';
export { bytes32, fromHex, hexOf, signature, toHex, type Hex } from './hex.ts';
export { atomicAmount, formatUnits, parseUnits } from './money.ts';
export { chainIdOf, network, networkLabel, token, type Token } from './network.ts';
export * from './api.ts';
export * from './entry.ts';
export * from './ipfs.ts';
export * from './offer.ts';
export * from './receipt.ts';
export {
  builtInPrograms,
  environmentSeen,
  fileCounts,
  ownOutcome,
  ownRun,
  type BuiltInProgram,
  type EnvironmentSeen,
  type FileCounts,
  type OwnRunRequest,
} from './own-run.ts';
export { inputsCidOf, type InputEntry, type InputFolder } from './inputs.ts';
export { encodeTask, taskDigest, taskIdOf, taskIdOfBlock, taskIdOfDigest, taskIdOfSha256, type TaskPreimage } from './task.ts';
export { readTaskBlock, type TaskRecipe } from './task-block.ts';
export * from './task-result.ts';
export * from './signing.ts';
export * from './solana.ts';
export * from './wallet.ts';
export * from './x402.ts';
export * from './earnings.ts';
export * from './x402-facilitator.ts';
export * from './x402-v1.ts';
export * from './x402-channel.ts';
export * from './sign-in-with-x.ts';
export * from './x402-escrow.ts';
export { isOs402, Os402Error, readOs402, type Os402Document, type Os402Offer } from './os402/document.ts';
export { asOs402 } from './os402/listing.ts';
export { offerOfOs402, os402Programs, type Os402Parts } from './os402/translate.ts';
