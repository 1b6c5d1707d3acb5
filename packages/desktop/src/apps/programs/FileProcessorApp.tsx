import { fileCounts, type FileCounts } from '@freehold/protocol';
import { useState } from 'react';
import type { Entry } from '../../api/drive.ts';
import { messageOf } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { Field, Labelled } from '../../components/Field.tsx';
import { formatBytes } from '../../components/format.ts';
import { Note } from '../../components/Note.tsx';
import { Icon } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import { ChooseFile } from './ChooseFile.tsx';
import css from './Programs.module.css';

const operations = { all: 'Lines, words and characters', lines: 'Lines', words: 'Words', chars: 'Characters' } as const;
const names = { lines: 'Lines', words: 'Words', chars: 'Characters' } as const;

type Chosen = { file: Entry; folder: Entry };
type Done = { counts: FileCounts; result: Entry | undefined; name: string; wallUs: number };

/** Counts what is in a file by a WASI program on the node, which writes its result beside the file. */
export function FileProcessorApp() {
  const { api, windows } = useServices();
  const [root, setRoot] = useState<Entry | null>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const [operation, setOperation] = useState<keyof typeof operations>('all');
  const [name, setName] = useState('');
  const [isRunning, setRunning] = useState(false);
  const [problem, setProblem] = useState<string | null>(null);
  const [done, setDone] = useState<Done | null>(null);

  const choose = () => void api.drive.root().then(setRoot, (error: unknown) => setProblem(messageOf(error)));

  async function process({ file, folder }: Chosen) {
    setRunning(true);
    setProblem(null);
    setDone(null);
    try {
      const ran = await api.run({
        builtIn: 'file-processor',
        args: [`data/${file.name}`, operation, `data/${name}`],
        mounts: [{ path: '/data', folder: folder.id, mode: 'write' }],
      });
      if (ran.problem !== null) throw new Error(ran.problem);
      const { entries } = await api.drive.list(folder.id);
      const result = entries.find((entry) => entry.name === name);
      setDone({ counts: fileCounts.parse(JSON.parse(ran.stdout)), result, name, wallUs: ran.wallUs });
    } catch (error) {
      setProblem(messageOf(error));
    } finally {
      setRunning(false);
    }
  }

  const picker = root && (
    <ChooseFile
      root={root}
      onClose={() => setRoot(null)}
      onChoose={(file, folder) => {
        setRoot(null);
        setDone(null);
        setProblem(null);
        setChosen({ file, folder });
        setName(`${file.name.replace(/\.[^.]*$/, '')}.counts.txt`);
      }}
    />
  );
  if (!chosen)
    return (
      <>
        <EmptyState
          icon="text"
          title="Count what is in a file"
          action={
            <Button kind="primary" icon="open" onClick={choose}>
              Choose a file
            </Button>
          }
        >
          A WebAssembly program on your node reads it, piece by piece, and writes what it counted beside it. {problem}
        </EmptyState>
        {picker}
      </>
    );

  const nameProblem =
    name.trim() === '' || name.includes('/')
      ? 'Give the result a name without a slash.'
      : name === chosen.file.name
        ? 'Choose another name than that of the file.'
        : undefined;
  return (
    <form
      className={css.sheet}
      onSubmit={(event) => {
        event.preventDefault();
        if (nameProblem === undefined && !isRunning) void process(chosen);
      }}
    >
      <div className={css.file}>
        <Icon name="text" size={28} />
        <div>
          <strong>{chosen.file.name}</strong>
          <span>
            {formatBytes(chosen.file.size)} in {chosen.folder.parent === null ? 'My files' : chosen.folder.name}
          </span>
        </div>
        <Button onClick={choose}>Other file</Button>
      </div>
      <div className={css.pair}>
        <Labelled label="Count">
          {(ids) => (
            <select {...ids} value={operation} onChange={({ target }) => setOperation(target.value as keyof typeof operations)}>
              {Object.entries(operations).map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          )}
        </Labelled>
        <Field label="Write the result to" value={name} problem={nameProblem} onChange={({ target }) => setName(target.value)} />
      </div>
      <p className={css.grant}>
        <Icon name="folder" size={18} />
        <span>
          The program is given the folder “{chosen.folder.parent === null ? 'My files' : chosen.folder.name}” to read and change. Nothing
          else.
        </span>
      </p>
      {problem !== null && <Note tone="problem">{problem} Nothing was changed.</Note>}
      {done && (
        <section className={css.result} aria-label="Result" aria-live="polite">
          <dl>
            {Object.entries(names).map(([key, label]) => {
              const count = done.counts[key as keyof typeof names];
              return (
                count !== undefined && (
                  <div key={key}>
                    <dt>{label}</dt>
                    <dd>{count.toLocaleString('en')}</dd>
                  </div>
                )
              );
            })}
          </dl>
          <p>
            Written to {done.name} in {(done.wallUs / 1000).toFixed(1)} ms; what was in it before is kept as a version.
          </p>
        </section>
      )}
      <footer className={css.actions}>
        {done?.result && (
          <Button icon="eye" onClick={() => done.result && windows.open({ app: 'viewer', entry: done.result })}>
            Open the result
          </Button>
        )}
        <Button kind="primary" icon="functions" type="submit" disabled={isRunning || nameProblem !== undefined}>
          {isRunning ? 'Counting …' : 'Count'}
        </Button>
      </footer>
      {picker}
    </form>
  );
}
