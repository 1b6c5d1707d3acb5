// What we use of AssemblyScript's compiler. Its own declarations add a global scope of another language to every file here.
export function main(
  args: string[],
  options: {
    readFile?: (file: string, baseDirectory: string) => string | null | Promise<string | null>;
    writeFile?: (file: string, contents: string | Uint8Array, baseDirectory: string) => void;
    listFiles?: (directory: string, baseDirectory: string) => string[] | null;
    stdout?: { write: (text: string | Uint8Array) => void };
    stderr?: { write: (text: string | Uint8Array) => void };
  },
): Promise<{ error: Error | null }>;
