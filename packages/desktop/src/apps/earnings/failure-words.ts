const words: Readonly<Record<string, string>> = {
  insufficient_funds: 'the wallet no longer held the price',
  invalid_transaction_state: 'the authorization was used or cancelled by its payer',
  invalid_exact_evm_payload_authorization_valid_before: 'it expired before it could be settled',
};

/** Why a payment could not be settled, as people read it. */
export function failureWords(reason: string): string {
  const lost = /^reorganised: (.*)$/.exec(reason)?.[1];
  if (lost !== undefined) return `the chain took it back, and ${failureWords(lost)}`;
  return words[reason] ?? reason;
}
