import { CopyButton } from '../../components/CopyButton.tsx';
import css from './OfferDetails.module.css';

/** A line of text to take elsewhere. */
export function CopyLine({ label, text }: { label: string; text: string }) {
  return (
    <div className={css.copyLine} role="group" aria-label={label}>
      <span>{label}</span>
      <div>
        <code>{text}</code>
        <CopyButton text={text} label={`Copy: ${label}`} />
      </div>
    </div>
  );
}
