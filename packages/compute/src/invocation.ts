import type { OwnPath } from './cgi/answer-reader.ts';
import type { Input } from './input.ts';

/** What a program is given, however it was asked for. */
export type Invocation = {
  entry: string | null;
  args: readonly string[];
  env: Readonly<Record<string, string>>;
  input: Input;
  /** The same for another path that a CGI program sends the call on to. */
  redirected?: ((to: OwnPath) => { env: Record<string, string>; input: Buffer }) | undefined;
};
