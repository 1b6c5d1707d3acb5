/** What a person sees when a node has started. */
export type Welcome = {
  version: string;
  url: string;
  dataDirectory: string;
  /** True when amounts are play money of the embedded chain. */
  testMoney: boolean;
  /** Why nothing can be sold, or undefined. */
  chainRefusal: string | undefined;
  /** Why an engine refuses to run functions, or undefined. */
  sandbox: { native: string | undefined; wasm: string | undefined; javascript: string | undefined };
  /** The one-time code, while nobody owns the node. */
  claimCode: string | undefined;
};

/** The node in a few lines, and three next steps. */
export function welcome({ version, url, dataDirectory, testMoney, chainRefusal, sandbox, claimCode }: Welcome): string {
  const money =
    chainRefusal ?? (testMoney ? 'TEST MONEY, on a chain inside this node: it is worth nothing' : 'real: what is sold here is paid for');
  const facts: [string, string | undefined][] = [
    ['Address', url],
    ['Data', dataDirectory],
    ['Money', money],
    ['Claim code', claimCode && `${claimCode}   (once; only asked for when you claim from another machine)`],
    ['Native', sandbox.native && `programs for Linux are refused: ${sandbox.native}`],
    ['WebAssembly', sandbox.wasm && `refused: ${sandbox.wasm}`],
    ['JavaScript', sandbox.javascript && `refused: ${sandbox.javascript}`],
  ];
  return [
    `Freehold ${version} is running.`,
    '',
    ...facts.flatMap(([name, value]) => (value ? [`  ${name.padEnd(12)}${value}`] : [])),
    '',
    'Next:',
    claimCode
      ? `  1. Make it yours: open ${url} and sign in with your wallet. The first to sign in owns the node.`
      : `  1. Open ${url} and sign in with your wallet.`,
    '  2. Sell a program: publish examples/dist/calculator.wasm in the Functions window, or with ./freehold offer.',
    `  3. Buy a call: ./freehold curl "${url}/calculator.cgi/multiply?a=6&b=7"   (a wallet: ./freehold key new, money for it: ./freehold key fund)`,
    '',
    'Ctrl-C stops it.',
  ].join('\n');
}
