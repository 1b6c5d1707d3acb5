/** What every benchmark is given. */
export type Context = {
  /** An empty folder of its own, on the disk that is measured; removed afterwards. */
  directory: string;
  /** Mebibytes of the file that is sent. */
  sizeMiB: number;
  /** Files in the folder that is listed. */
  entries: number;
  /** Aborted when the run is to end. */
  signal: AbortSignal;
};
