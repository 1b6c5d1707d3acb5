/** 0x1234…abcd: enough to recognise, too little to copy by mistake. */
export const shortAddress = (address: string): string => `${address.slice(0, 6)}…${address.slice(-4)}`;
