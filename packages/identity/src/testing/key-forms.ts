/** For the tests of others: the keys that the stand-in derives, and the forms in which they could have leaked. */
export { derive, issue, standInRoot as standInSecret } from '../keeper/stand-in/derive.ts';
export { formsOf } from '../keeper/testing/memory.ts';
