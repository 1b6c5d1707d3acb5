import type { OfferSummary } from '@freehold/protocol';
import { Button } from '../../components/Button.tsx';
import { Icon } from '../../icons.tsx';
import { namedUrl, terminalLine } from './call-example.ts';
import { CopyLine } from './CopyLine.tsx';
import css from './Publish.module.css';

/** It worked: where it is, and how to call it right away. */
export function Published({ summary, onDone }: { summary: OfferSummary; onDone: () => void }) {
  return (
    <div className={css.published}>
      <span className={css.bigIcon}>
        <Icon name="check" size={40} />
      </span>
      <h4>“{summary.offer.name}” is on sale</h4>
      <p>Anyone who knows this address can call it and pays you for every call.</p>
      <CopyLine label="Address" text={namedUrl(summary)} />
      <CopyLine label="Call it from a terminal" text={terminalLine(summary)} />
      <Button kind="primary" onClick={onDone}>
        Done
      </Button>
    </div>
  );
}
