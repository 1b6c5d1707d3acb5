import type { Hex } from '@freehold/protocol';

/** Half the order of secp256k1: tokens refuse the upper one of the two signatures that a key can make from one. */
const halfOrder = '7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0';

/** The form that contracts take from keys: 65 bytes in lower case, v 27 or 28, s in the lower half. */
export const isKeySignature = (signature: Hex): boolean =>
  /^0x[0-9a-f]{128}1[bc]$/.test(signature) && signature.slice(66, 130) <= halfOrder;
