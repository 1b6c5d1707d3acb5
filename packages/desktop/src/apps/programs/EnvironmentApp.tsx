import { environmentSeen, type EnvironmentSeen } from '@freehold/protocol';
import { useCallback, useEffect, useState, type ReactNode } from 'react';
import { messageOf } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { Note } from '../../components/Note.tsx';
import { Icon, type IconName } from '../../icons.tsx';
import { useServices } from '../../services.ts';
import css from './Programs.module.css';

/** Shows all that a program on the node sees of the world, told by such a program. */
export function EnvironmentApp() {
  const { api } = useServices();
  const [isGiven, setGiven] = useState(false);
  const [found, setFound] = useState<EnvironmentSeen | null>(null);
  const [problem, setProblem] = useState<string | null>(null);

  const look = useCallback(async () => {
    try {
      const ran = await api.run({
        builtIn: 'environment-reader',
        args: ['hello'],
        env: { GREETING: 'from the desktop' },
        mounts: isGiven ? [{ path: '/documents', folder: '/Documents', mode: 'read' }] : [],
      });
      if (ran.problem !== null) throw new Error(ran.problem);
      setFound(environmentSeen.parse(JSON.parse(ran.stdout)));
      setProblem(null);
    } catch (error) {
      setProblem(messageOf(error));
    }
  }, [api, isGiven]);
  useEffect(() => void look(), [look]);

  return (
    <div className={css.sheet}>
      <p>
        A program on your node sees what it is given, and nothing else: no files of the machine, no network, no other programs. This one
        tells all that it sees.
      </p>
      {problem !== null && <Note tone="problem">{problem}</Note>}
      <div className={css.facts} aria-live="polite">
        <Fact icon="text" title="Arguments" values={found?.args} none="none" />
        <Fact icon="key" title="Variables" values={found?.env} none="none: those of the machine stay with it" />
        <Fact
          icon="folder"
          title="Folders"
          values={found?.preopens.map((path) => (path === '/' ? '/ (empty, for scratch)' : path))}
          none="none"
        >
          <label className={css.check}>
            <input type="checkbox" checked={isGiven} onChange={({ target }) => setGiven(target.checked)} />
            Give it Documents to read
          </label>
        </Fact>
        <Fact
          icon="sun"
          title="Clock"
          values={
            found && [
              new Date(found.clock)
                .toISOString()
                .replace('T', ' ')
                .replace(/\.\d+Z$/, ' UTC'),
            ]
          }
          none="none"
        />
      </div>
      <footer className={css.actions}>
        <Button icon="refresh" onClick={() => void look()}>
          Run again
        </Button>
      </footer>
    </div>
  );
}

type FactProps = { icon: IconName; title: string; values: readonly string[] | null | undefined; none: string; children?: ReactNode };

function Fact({ icon, title, values, none, children }: FactProps) {
  return (
    <section>
      <h3>
        <Icon name={icon} size={18} />
        {title}
      </h3>
      {values?.length === 0 && <p>{none}</p>}
      {values && values.length > 0 && (
        <ul>
          {values.map((value, index) => (
            // Values may be equal; their place is what tells them apart.
            // oxlint-disable-next-line react/no-array-index-key
            <li key={index}>
              <code>{value}</code>
            </li>
          ))}
        </ul>
      )}
      {children}
    </section>
  );
}
