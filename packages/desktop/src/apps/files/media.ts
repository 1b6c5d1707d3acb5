import type { Entry } from '../../api/drive.ts';
import type { IconName } from '../../icons.tsx';

export type MediaKind = 'folder' | 'image' | 'audio' | 'video' | 'text' | 'pdf' | 'program' | 'other';

const textEndings =
  /\.(txt|md|markdown|csv|tsv|json|jsonl|xml|yaml|yml|toml|ini|log|sh|ts|tsx|js|jsx|mjs|css|html?|c|h|cc|cpp|rs|go|py|java|rb|sql|sol|wat)$/i;
const textTypes = /^(text\/|application\/(json|xml|javascript|x-sh|toml|yaml))/;

/** What kind of thing an entry is, by its media type or else by the end of its name. */
export function mediaKindOf({ kind, mediaType = '', name }: Pick<Entry, 'kind' | 'mediaType' | 'name'>): MediaKind {
  if (kind === 'folder') return 'folder';
  if (mediaType === 'application/pdf' || /\.pdf$/i.test(name)) return 'pdf';
  if (mediaType === 'application/wasm' || /\.(wasm|elf)$/i.test(name)) return 'program';
  const family = mediaType.split('/')[0];
  if (family === 'image' || family === 'audio' || family === 'video') return family;
  return textTypes.test(mediaType) || textEndings.test(name) ? 'text' : 'other';
}

export const mediaIcon: Record<MediaKind, IconName> = {
  folder: 'folder',
  image: 'image',
  audio: 'audio',
  video: 'video',
  text: 'text',
  pdf: 'text',
  program: 'program',
  other: 'file',
};
