/** What can be wrong with a drive. The list is closed, so that a program may act on each; docs/fsck.md explains them. */
export type FindingKind =
  | 'database_corrupt'
  | 'index_corrupt'
  | 'foreign_key'
  | 'feed_broken'
  | 'root_missing'
  | 'entry_unreachable'
  | 'entry_circular'
  | 'name_duplicate'
  | 'name_key_wrong'
  | 'version_stray'
  | 'deletion_wrong'
  | 'deletion_unfinished'
  | 'content_unknown'
  | 'size_wrong'
  | 'references_miscounted'
  | 'unused_misdated'
  | 'usage_miscounted'
  | 'content_missing'
  | 'content_truncated'
  | 'content_damaged'
  | 'content_recovered'
  | 'file_orphan'
  | 'upload_leftover'
  | 'file_foreign'
  | 'check_failed';

export type Finding = {
  kind: FindingKind;
  /** `notice`: harmless; `wrong`: the books do not agree; `lost`: bytes of a user are wrong or missing, and only a backup or the same file sent again brings them back. */
  severity: 'notice' | 'wrong' | 'lost';
  message: string;
  /** What it is about, where it is about one. */
  drive?: string;
  entry?: string;
  cid?: string;
  repairable: boolean;
  /** Set when it was repaired. */
  repaired?: boolean;
};

/** A finding together with what repairs it. A repair never deletes anything that a user put into a drive. */
export type Problem = Omit<Finding, 'repairable' | 'repaired'> & { repair?: () => Promise<void> };

/** One kind of look at the books: it gives what it finds, at most `limit` of a kind at once. */
export type Check = { name: string; run: (limit: number) => AsyncIterable<Problem> | Promise<Problem[]> };

export type Progress = { check: string; done: number; total?: number };
