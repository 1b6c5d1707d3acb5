/** What a command line says about paying, as it was written. */
export type PayOptions = {
  key: string | undefined;
  /** `--pay`: tokens to pay with. */
  pay: string[];
  /** `--max`: the most that the session, or else this command, may spend. */
  max: string[];
  perCallMax: string[];
  session?: string | undefined;
  /** `--scheme`: the way to pay, when the person chooses it. */
  scheme?: string | undefined;
  /** `--deposit`: how much a new channel or grant gets, in whole tokens. */
  deposit?: string | undefined;
  dryRun: boolean;
};
