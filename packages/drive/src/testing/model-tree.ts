/** An entry of the model: what a person would draw on paper. */
export type ModelEntry = {
  id: string;
  parent: string;
  name: string;
  kind: 'file' | 'folder';
  content: string;
  versions: string[];
  trashed: boolean;
};

/**
 * The drive as a plain map, written for obviousness: the reference that the real one is compared with.
 * Each operation answers the error code it expects, or undefined after it has changed the model.
 */
export class ModelTree {
  readonly root: string;
  readonly entries = new Map<string, ModelEntry>();

  constructor(root: string) {
    this.root = root;
  }

  /** The code that refuses an id which must be a live folder. */
  folderProblem(id: string): string | undefined {
    if (id === this.root) return undefined;
    const entry = this.entries.get(id);
    if (!entry) return 'entry_not_found';
    if (entry.kind === 'file') return 'not_a_folder';
    return this.liveProblem(id);
  }

  /** The code that refuses to change an entry. */
  changeProblem(id: string): string | undefined {
    if (id === this.root) return 'root_fixed';
    return this.entries.has(id) ? this.liveProblem(id) : 'entry_not_found';
  }

  child(parent: string, name: string): ModelEntry | undefined {
    return this.children(parent).find((entry) => entry.name.normalize('NFC') === name.normalize('NFC'));
  }

  children(parent: string): ModelEntry[] {
    return [...this.entries.values()].filter((entry) => entry.parent === parent && !entry.trashed);
  }

  isBelow(id: string, above: string): boolean {
    for (let entry = this.entries.get(id); entry; entry = this.entries.get(entry.parent)) if (entry.id === above) return true;
    return false;
  }

  isLiveFolder(id: string): boolean {
    return this.folderProblem(id) === undefined;
  }

  /** For good, with everything below that is not in the trash by itself. */
  erase(id: string): void {
    for (const child of this.children(id)) this.erase(child.id);
    this.entries.delete(id);
  }

  get used(): number {
    return [...this.entries.values()].reduce((sum, { content, versions }) => sum + [content, ...versions].join('').length, 0);
  }

  private liveProblem(id: string): string | undefined {
    for (let entry = this.entries.get(id); entry; entry = this.entries.get(entry.parent)) {
      if (entry.trashed) return 'entry_in_trash';
      if (entry.parent === this.root) return undefined;
    }
    return 'entry_not_found';
  }
}
