import { useEffect, useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { EmptyState } from '../../components/EmptyState.tsx';
import { formatBytes } from '../../components/format.ts';
import css from './ViewerApp.module.css';

/** 1 MiB: more text in one element makes a browser slow. */
const shownBytes = 1024 * 1024;

export function TextView({ entry, url }: { entry: Entry; url: string }) {
  const [text, setText] = useState<string | null>(null);
  const [isFailed, setFailed] = useState(false);
  useEffect(() => {
    const controller = new AbortController();
    readText(url, entry.size, controller.signal).then(setText, () => !controller.signal.aborted && setFailed(true));
    return () => controller.abort();
  }, [url, entry.size, entry.cid]);

  if (isFailed) {
    return (
      <EmptyState icon="alert" title="This file did not load">
        Check that the node is running, then close this window and open the file again.
      </EmptyState>
    );
  }
  return (
    <>
      <pre tabIndex={0} aria-label={`Text of ${entry.name}`}>
        {text}
      </pre>
      {entry.size > shownBytes && (
        <p className={css.cut}>These are the first {formatBytes(shownBytes)}. Download the file to read all of it.</p>
      )}
    </>
  );
}

async function readText(url: string, size: number, signal: AbortSignal): Promise<string> {
  if (size === 0) return '';
  const response = await fetch(url, { signal, headers: size > shownBytes ? { range: `bytes=0-${shownBytes - 1}` } : {} });
  if (!response.ok) throw new Error(`Status ${response.status}`);
  return response.text();
}
