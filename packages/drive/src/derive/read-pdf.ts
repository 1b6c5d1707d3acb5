import { getDocument } from 'pdfjs-dist/legacy/build/pdf.mjs';

export type PdfFacts = { pages: number; title?: string; author?: string };

/** The text of the first pages, until there is enough of it or the time is up. Throws when the file cannot be read as PDF at all. */
export async function readPdf(
  bytes: Uint8Array,
  { maximumText, maximumPages, deadline }: { maximumText: number; maximumPages: number; deadline: number },
): Promise<{ text: string; facts: PdfFacts }> {
  const task = getDocument({
    data: bytes,
    disableFontFace: true,
    useSystemFonts: false,
    useWorkerFetch: false,
    useWasm: false,
    enableXfa: false,
    verbosity: 0,
  });
  try {
    const pdf = await task.promise;
    const { info } = await pdf.getMetadata().catch(() => ({ info: {} }));
    const pieces: string[] = [];
    let length = 0;
    for (let number = 1; number <= Math.min(pdf.numPages, maximumPages) && length < maximumText && Date.now() < deadline; number++) {
      const text = await pageText(await pdf.getPage(number)).catch(() => '');
      pieces.push(text);
      length += text.length;
    }
    const title = textOf(info, 'Title');
    const author = textOf(info, 'Author');
    return {
      text: pieces.join('\n').slice(0, maximumText),
      facts: { pages: pdf.numPages, ...(title && { title }), ...(author && { author }) },
    };
  } finally {
    await task.destroy();
  }
}

type Page = Awaited<ReturnType<Awaited<ReturnType<typeof getDocument>['promise']>['getPage']>>;

async function pageText(page: Page): Promise<string> {
  const { items } = await page.getTextContent();
  page.cleanup();
  return items.map((item) => ('str' in item ? item.str + (item.hasEOL ? '\n' : '') : '')).join('');
}

const textOf = (info: object, name: string): string | undefined => {
  const value: unknown = Reflect.get(info, name);
  return typeof value === 'string' && value.trim() !== '' ? value.trim().slice(0, 500) : undefined;
};
