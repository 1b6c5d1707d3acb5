/** Where events go; the node gives one that writes lines. Never handed a secret. */
export type Log = (event: string, fields: Record<string, string | number | boolean | undefined>) => void;
