import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Names of everything that the drive of a node has on the disk: large content, and uploads under way. */
export const filesBelow = ({ dataDirectory }: { dataDirectory: string }): string[] =>
  ['blobs', 'uploads', 'parts'].flatMap((folder) =>
    readdirSync(join(dataDirectory, 'drive', folder), { recursive: true, withFileTypes: true })
      .filter((file) => file.isFile())
      .map(({ name }) => name),
  );
