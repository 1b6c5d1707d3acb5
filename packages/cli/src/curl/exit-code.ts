/** What `freehold curl` answers besides curl's own codes, which end below 100. */
export const exitCode = {
  /** The answer asks for payment and there is no key to pay with. */
  noKey: 120,
  /** Every acceptable option costs more than was allowed. */
  overMaximum: 121,
  /** Nothing that the answer accepts can be paid, or this request cannot be paid for safely. */
  noOption: 122,
  /** The payment was sent and the server still asks for one, or says that it failed. */
  refused: 123,
  /** The shell's code for a program that is not there. */
  curlMissing: 127,
} as const;
