import { offerTypedData, type Address, type OfferSummary, type ProgramInfo, type Token } from '@freehold/protocol';
import { useState, type ChangeEvent, type FormEvent } from 'react';
import { messageOf } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { Field, Labelled } from '../../components/Field.tsx';
import { Note } from '../../components/Note.tsx';
import { useServices } from '../../services.ts';
import { AdvancedLimits } from './AdvancedLimits.tsx';
import { dayOf, newDraft, offerOf, type DraftProblems, type OfferDraft } from './offer-draft.ts';
import { ProgramCard } from './ProgramCard.tsx';
import css from './Publish.module.css';

type Props = {
  program: ProgramInfo;
  fileName: string;
  token: Token;
  owner: Address;
  onBack: () => void;
  onPublished: (summary: OfferSummary) => void;
};

/** Describes the offer, has the wallet sign it, and puts it on sale. */
export function OfferForm({ program, fileName, token, owner, onBack, onPublished }: Props) {
  const { api, session } = useServices();
  const [draft, setDraft] = useState<OfferDraft>(() => newDraft({ fileName, now: Date.now() }));
  const [problems, setProblems] = useState<DraftProblems>({});
  const [failure, setFailure] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);

  const change = (part: Partial<OfferDraft>) => {
    setDraft((current) => ({ ...current, ...part }));
    setProblems((current) => Object.fromEntries(Object.entries(current).filter(([field]) => !(field in part))));
  };
  const bind = (field: Exclude<keyof OfferDraft, 'deterministic'>) => ({
    value: draft[field],
    problem: problems[field],
    onChange: (event: ChangeEvent<HTMLInputElement>) => change({ [field]: event.target.value }),
  });

  const publish = async (event: FormEvent) => {
    event.preventDefault();
    const made = offerOf(draft, { program, token, owner, now: Date.now() });
    if ('problems' in made) return setProblems(made.problems);
    setBusy(true);
    setFailure(null);
    try {
      const signature = await session.signTypedData(offerTypedData(made.offer));
      onPublished(await api.functions.publish({ offer: made.offer, signature }));
    } catch (error) {
      setFailure(messageOf(error));
      setBusy(false);
    }
  };

  return (
    <form className={css.form} noValidate onSubmit={(event) => void publish(event)}>
      <div className={css.fields}>
        <ProgramCard program={program} fileName={fileName} onChange={onBack} />
        <Field
          label="Name"
          {...bind('name')}
          hint={`Its address will be ${location.host}/${draft.name || 'name'}.cgi`}
          spellCheck={false}
          autoCapitalize="none"
          autoComplete="off"
        />
        <Labelled label="Description" hint="What it does, in a sentence or two. Optional.">
          {(ids) => (
            <textarea
              {...ids}
              rows={2}
              maxLength={500}
              value={draft.description}
              onChange={(event) => change({ description: event.target.value })}
            />
          )}
        </Labelled>
        <div className={css.pair}>
          <Field
            label="Price"
            {...bind('price')}
            suffix={token.symbol}
            inputMode="decimal"
            autoComplete="off"
            hint="For each call. 0 makes it free."
          />
          <Field label="Expires" {...bind('expires')} type="date" min={dayOf(Date.now())} hint="The offer ends with this day." />
        </div>
        <label className={css.toggle}>
          <input
            type="checkbox"
            role="switch"
            aria-label="Same input, same answer"
            aria-describedby="deterministic-note"
            checked={draft.deterministic}
            onChange={(event) => change({ deterministic: event.target.checked })}
          />
          <span>
            <b>Same input, same answer</b>
            <small id="deterministic-note">
              The program’s clock stands still and its chance is fixed, so a repeated call is answered from memory for free.
            </small>
          </span>
        </label>
        <AdvancedLimits bind={bind} hasProblem={Object.keys(problems).some((field) => /(MiB|Seconds)$/.test(field))} />
      </div>
      <footer className={css.foot}>
        {failure && <Note tone="problem">{failure}</Note>}
        <span>{isBusy ? 'Waiting for your wallet…' : 'Your wallet signs the offer. It costs nothing and moves no money.'}</span>
        <Button kind="primary" type="submit" disabled={isBusy}>
          Sign and publish
        </Button>
      </footer>
    </form>
  );
}
