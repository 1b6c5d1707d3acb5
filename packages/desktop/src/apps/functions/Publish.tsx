import type { Account, NodeInfo, OfferSummary, ProgramInfo } from '@freehold/protocol';
import { useState } from 'react';

import { IconButton } from '../../components/Button.tsx';
import { EmptyState } from '../../components/EmptyState.tsx';
import { ChooseProgram } from './ChooseProgram.tsx';
import { OfferForm } from './OfferForm.tsx';
import { Published } from './Published.tsx';
import css from './Publish.module.css';

type Props = { account: Account; node: NodeInfo; onClose: () => void; onPublished: () => void };

/** From a program to something with an address and a price: choose, describe, sign. */
export function Publish({ account, node, onClose, onPublished }: Props) {
  const [program, setProgram] = useState<{ info: ProgramInfo; fileName: string } | null>(null);
  const [published, setPublished] = useState<OfferSummary | null>(null);
  const step = published ? 2 : program ? 1 : 0;
  const steps = ['Program', 'Offer', 'On sale'];
  return (
    <section className={css.publish} aria-label="Publish a function">
      <header className={css.head}>
        <IconButton icon="back" label="Back to your functions" onClick={onClose} />
        <h3>Publish a function</h3>
        <ol className={css.steps} aria-label="Steps">
          {steps.map((name, index) => (
            <li key={name} aria-current={index === step ? 'step' : undefined} data-done={index < step}>
              {name}
            </li>
          ))}
        </ol>
      </header>
      {node.token === null ? (
        <EmptyState icon="coins" title="This node has no way to be paid">
          A price needs a chain to be paid on, and this node was started without one. Start it with its embedded test chain, or name a chain
          in its settings.
        </EmptyState>
      ) : published ? (
        <Published summary={published} onDone={onClose} />
      ) : program ? (
        <OfferForm
          program={program.info}
          fileName={program.fileName}
          token={node.token}
          owner={account.address}
          onBack={() => setProgram(null)}
          onPublished={(summary) => {
            setPublished(summary);
            onPublished();
          }}
        />
      ) : (
        <ChooseProgram onChosen={(info, fileName) => setProgram({ info, fileName })} />
      )}
    </section>
  );
}
