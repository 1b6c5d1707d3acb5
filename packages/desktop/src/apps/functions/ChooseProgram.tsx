import type { ProgramInfo } from '@freehold/protocol';
import { useEffect, useRef, useState } from 'react';
import { isAbort, messageOf } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { formatBytes } from '../../components/format.ts';
import { Note } from '../../components/Note.tsx';
import { Progress } from '../../components/Progress.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { useFileDrop } from '../files/use-file-drop.ts';
import css from './Publish.module.css';

/** Takes a program from the computer and lets the node look at it. */
export function ChooseProgram({ onChosen }: { onChosen: (info: ProgramInfo, fileName: string) => void }) {
  const { api } = useServices();
  const [sending, setSending] = useState<{ file: File; sent: number } | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const controller = useRef<AbortController | null>(null);
  useEffect(() => () => controller.current?.abort(), []);

  const send = async (file: File | undefined) => {
    if (!file) return;
    controller.current?.abort();
    const { signal } = (controller.current = new AbortController());
    setProblem(null);
    setSending({ file, sent: 0 });
    try {
      const info = await api.functions.uploadProgram(file, { signal, onProgress: (sent) => setSending({ file, sent }) });
      if (info.refusal === null) onChosen(info, file.name);
      else setProblem(info.refusal);
    } catch (error) {
      if (!isAbort(error)) setProblem(messageOf(error));
    }
    setSending(null);
  };
  const drop = useFileDrop((transfer) => void send(transfer.files[0]));

  return (
    <div className={css.choose}>
      <div className={css.dropZone} data-over={drop.isOver} {...drop.props}>
        <span className={css.bigIcon}>
          <Icon name="program" size={40} />
        </span>
        {sending ? (
          <div className={css.sending}>
            <b>{sending.file.name}</b>
            <Progress label={`Uploading ${sending.file.name}`} value={sending.file.size === 0 ? 1 : sending.sent / sending.file.size} />
            <small>
              {formatBytes(sending.sent)} of {formatBytes(sending.file.size)}
            </small>
            <Button kind="quiet" onClick={() => controller.current?.abort()}>
              Cancel
            </Button>
          </div>
        ) : (
          <>
            <h4>Drop a program here</h4>
            <p>A WebAssembly module (.wasm), or a static Linux executable. It answers web requests, or exports functions to call.</p>
            <Button kind="primary" onClick={() => picker.current?.click()}>
              Choose a file
            </Button>
          </>
        )}
      </div>
      <input
        ref={picker}
        type="file"
        hidden
        aria-label="Program file"
        onChange={(event) => {
          void send(event.target.files?.[0]);
          event.target.value = '';
        }}
      />
      {problem && <Note tone="problem">{problem}</Note>}
    </div>
  );
}
