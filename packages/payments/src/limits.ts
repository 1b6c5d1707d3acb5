/** Where the node stops trusting payers and chains. Times in milliseconds. */
export type Limits = {
  /** An authorization must stay valid this long after the work's own limit, for settling it. */
  settleMarginMs: number;
  /** How long a client may take between reading the price and sending the payment, and how wrong its clock may be. */
  clientDelayMs: number;
  /** What several unsettled payments of one wallet may come to, in whole tokens: "20". One alone may be as large as its money. */
  perPayer: string;
  /** How many payments one wallet may have unsettled at a time. */
  openPerPayer: number;
  /** How long a caller is kept waiting for the chain before he is told that the payment is pending. */
  answerWithinMs: number;
  /** A transaction that is not mined after this long is sent again with a higher fee. */
  stuckAfterMs: number;
  /** The longest pause between two looks at the chain for a receipt, and between two attempts to reach it. */
  pollMs: number;
  retryMs: number;
  /** Transactions of the keeper that may wait in the chain's pool at a time. */
  maxInFlight: number;
  /** Work that may take so long, or costs so much in whole tokens, is paid before it is done where it is paid by `exact`. */
  upfrontFromMs: number;
  upfrontFrom: string;
  /** Refunds of less are owed, and not paid out: they would cost more than they are worth. Atomic units. */
  payoutFrom: bigint;
  /** How long the payer of a channel must wait, in SECONDS, from the notice to the end of a withdrawal: so long a node may be off the net without a loss. */
  withdrawDelaySeconds: number;
  /** How old what the chain said of a tab may be, for a call to draw on it. */
  trustTabMs: number;
  /** How many calls may draw on one tab at a time. */
  openPerTab: number;
  /** How often tabs with something to claim are looked at on the chain: a payer who withdraws is met with a claim. */
  watchMs: number;
  /** What is not claimed after this long is. */
  claimAfterMs: number;
  /** Or as soon as the calls on one tab come to so much, in whole tokens. */
  claimFrom: string;
  /** How long claiming may hold up a stop of the node. */
  claimAtStopMs: number;
};

export const defaultLimits: Limits = {
  settleMarginMs: 30_000,
  clientDelayMs: 60_000,
  perPayer: '20',
  openPerPayer: 64,
  answerWithinMs: 15_000,
  stuckAfterMs: 30_000,
  pollMs: 500,
  retryMs: 10_000,
  maxInFlight: 16,
  upfrontFromMs: 600_000,
  upfrontFrom: '5',
  payoutFrom: 1n,
  withdrawDelaySeconds: 86_400,
  trustTabMs: 60_000,
  openPerTab: 64,
  watchMs: 15_000,
  claimAfterMs: 6 * 3_600_000,
  claimFrom: '1',
  claimAtStopMs: 5_000,
};
