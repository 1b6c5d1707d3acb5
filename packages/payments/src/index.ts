export { openAuthorizer } from './authorizer.ts';
export { boundNonce, type Binding } from './binding.ts';
export { isFree, priceCall, type Usage } from './charge.ts';
export { PaymentError, type PaymentErrorCode } from './error.ts';
export { defaultLimits, type Limits } from './limits.ts';
export type { Admission, Outcome, PaidCall, Payer } from './call.ts';
export { openPayments, type Payments, type PaymentsOptions } from './payments.ts';
export type { Allowance, Facilitator } from './facilitator/facilitator.ts';
export type { ChainSettings } from './rails/exact/chain.ts';
export { checkTokens, type TokenCheck } from './rails/exact/check-token.ts';
export type { Signer } from './rails/exact/sender.ts';
export type { Recover } from './rails/exact/verify.ts';
export type { Reservation, ReservationState } from './reservation.ts';
export type { Report, Sum } from './report.ts';
export type { HistoryFilter, Total } from './store.ts';
export {
  parseBudgets,
  parseNetwork,
  parsePreferences,
  sayAmount,
  sayBudgets,
  type Budget,
  type NetworkNames,
  type Preference,
} from './client/budget.ts';
export { channelKind, channelRail, readChannelState, type ChannelState } from './client/channel/channel.ts';
export { refundChannel, type Refund } from './client/channel/refund.ts';
export { withdrawChannel, type Withdrawal } from './client/channel/withdraw.ts';
export { openChainReader, type ChainReader } from './client/chain.ts';
export { choosePayment, type ChosenPayment } from './client/choose-payment.ts';
export { createPayment } from './client/create-payment.ts';
export { exactRail } from './client/exact.ts';
export { canBeCashed, openMemoryLedger, type PaymentState, type SpendEntry, type SpendLedger } from './client/ledger.ts';
export { grantKind, grantRail, readGrantState, type GrantState } from './client/grant/grant.ts';
export { withdrawGrant } from './client/grant/withdraw.ts';
export { openFileLocks, openMemoryLocks, type Locks } from './client/lock.ts';
export { payingFetch, type PayingFetch, type PayingFetchOptions } from './client/paying-fetch.ts';
export { plainText } from './client/plain-text.ts';
export { openPurse, settlementIn, type OutgoingPayment, type Purse, type Quote } from './client/purse.ts';
export type { Conclusion } from './client/rail.ts';
export { openClientStore, openMemoryChannels, type ChannelStore, type ClientStore } from './client/store.ts';
export { mostTermsBytes, readTerms, type Terms } from './client/terms.ts';
export { knownTokens, networkNames } from './client/tokens.ts';
