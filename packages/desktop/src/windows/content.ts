import type { Entry } from '../api/drive.ts';

/** What a window shows. Plain data, so that windows can be kept and compared. */
export type FilesPlace = 'home' | 'shared' | 'links' | 'trash';
export type WindowContent =
  | { app: 'files'; place: FilesPlace }
  | { app: 'functions' }
  | { app: 'earnings' }
  | { app: 'calculator' | 'processor' | 'environment' }
  | { app: 'viewer'; entry: Entry };
export type AppId = WindowContent['app'];
