import { account } from '@freehold/protocol';
import { listIn } from './shape.ts';

/** GET /api/signers: the addresses with which a node signs and has signed, the present one first. */
export const signerList = listIn('signers', account.pick({ address: true }));
