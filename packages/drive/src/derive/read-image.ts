import sharp from 'sharp';
import { readExif, type Exif } from './exif.ts';

/** Above what the largest cameras take; a picture of more is refused before anything is decoded. */
const maximumPixels = 128_000_000;
export const pictureSize = 256;

export type ImageFacts = { width: number; height: number; format: string } & Exif;

// Only what a photograph comes in. No drawings that are programs (SVG, PDF) and no format that few people look at the code of.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadNsgif',
    'VipsForeignLoadTiff',
    'VipsForeignLoadHeif',
  ],
});
sharp.cache(false);
sharp.concurrency(1);

const open = (bytes: Uint8Array) => sharp(bytes, { limitInputPixels: maximumPixels, failOn: 'error', sequentialRead: true });

/** What is known of an image without decoding it. Throws when it is none, or too large. */
export async function readImage(bytes: Uint8Array): Promise<ImageFacts> {
  const { width, height, format, exif, orientation = 1 } = await open(bytes).metadata();
  if (width * height > maximumPixels) throw new RangeError('The image has too many pixels');
  const turned = orientation >= 5;
  return { width: turned ? height : width, height: turned ? width : height, format, ...(exif && readExif(exif)) };
}

/** A small WebP without any metadata, upright; smaller images keep their size. */
export const shrinkImage = (bytes: Uint8Array): Promise<Uint8Array> =>
  open(bytes)
    .autoOrient()
    .resize({ width: pictureSize, height: pictureSize, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: 78 })
    .toBuffer();
