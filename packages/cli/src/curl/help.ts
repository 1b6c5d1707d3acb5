/** Written out rather than generated: the arguments of `freehold curl` belong to curl, and commander must not reorder them. */
export const curlHelp = `Usage: freehold curl [options and URL as for curl]

The curl of this system, which also pays where the answer is "402 Payment Required" (x402).
Every option of curl works as always; these are added:

  --key KEY            the paying key: @file, 0x… (64 digits) or env:NAME
                       (default: FREEHOLD_KEY, then the file that "freehold key new --out" made)
  --max AMOUNT         pay at most this: 0.05, USDC:0.05, USDC@Base:0.05; may be repeated
  --session NAME       what --max counts: all that was paid under this name (default: this command)
  --per-call-max AMOUNT
                       the same for each call
  --pay TOKEN          pay only with this: USDC, USDC@Base; may be repeated
  --scheme SCHEME      pay only so: exact, channel, escrow (default: the best there is)
  --deposit AMOUNT     what a new channel gets (default: what the seller asks for, or ten calls)
  --dry-run            say what would be paid, and pay nothing
  --trace-pay          say what was paid

Without --max, more than 1.00 is never paid. What was paid: freehold spend

Exit codes: curl's own, and
  120  payment is asked for and there is no key
  121  it costs more than allowed
  122  nothing that is accepted can be paid, or this request cannot be paid for safely
  123  the payment was sent and refused
  127  curl is not installed

Example:
  freehold curl --max 0.01 'http://localhost:4200/calculator.cgi/add?a=6&b=7'

curl's own help: curl --help
`;
