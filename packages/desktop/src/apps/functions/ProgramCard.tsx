import type { ProgramInfo } from '@freehold/protocol';
import { Button } from '../../components/Button.tsx';
import { formatBytes } from '../../components/format.ts';
import { Icon } from '../../icons.tsx';
import css from './Publish.module.css';

const kinds: Record<ProgramInfo['kind'], string> = {
  core: 'WebAssembly module',
  wasi: 'WebAssembly program (WASI)',
  reactor: 'WebAssembly library (WASI)',
  component: 'WebAssembly component',
  javascript: 'JavaScript module',
  script: 'Script',
  dynamic: 'Linux executable with libraries',
  native: 'Linux executable',
};
const shownExports = 6;

/** What the node made of the uploaded bytes. */
export function ProgramCard({ program, fileName, onChange }: { program: ProgramInfo; fileName: string; onChange: () => void }) {
  const { exports } = program;
  return (
    <div className={css.program} role="group" aria-label="Program">
      <Icon name="program" size={24} />
      <div>
        <b>{fileName}</b>
        <p>
          {kinds[program.kind]} · {formatBytes(program.size)}
        </p>
        {exports.length > 0 && (
          <ul aria-label="Functions that can be called">
            {exports.slice(0, shownExports).map(({ name, parameters, results }) => (
              <li key={name}>
                <code>
                  {name}({parameters.join(', ')}){results.length > 0 && `: ${results.join(', ')}`}
                </code>
              </li>
            ))}
            {exports.length > shownExports && <li>and {exports.length - shownExports} more</li>}
          </ul>
        )}
      </div>
      <Button kind="quiet" onClick={onChange}>
        Choose another
      </Button>
    </div>
  );
}
