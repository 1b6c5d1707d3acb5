/** A path as PC2's and Puter's clients write it: absolute with the account in front, from the home (`~`), or from the root of the drive. */
export function ownPath(path: string, account: string): string {
  const [first = '', ...rest] = path
    .replace(/^~(?=\/|$)/, `/${account}`)
    .split('/')
    .filter(Boolean);
  return first.toLowerCase() === account.toLowerCase() ? ['', account, ...rest].join('/') : ['', account, first, ...rest].join('/');
}
