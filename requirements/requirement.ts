/** One promise. It stands here from the day it is made; `planned` goes when a test verifies it. An entry is never weakened to pass. */
export type Requirement = {
  /** Stable dotted name that tests cite with `verifies('…')`. */
  id: string;
  /** Who promised it: a seed document, an issue, or a page of the docs. */
  source: string;
  /** What a user or a peer can observe. */
  behaviour: string;
  /** True while nothing built verifies it yet. */
  planned?: true;
};
