/** Where the sandbox reports what happens to it. Handed in by whoever composes the node. */
export type Log = (event: string, fields: Record<string, string | number | boolean | undefined>) => void;
