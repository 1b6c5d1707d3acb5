import type { OfferSummary } from '@freehold/protocol';
import { useState, type FormEvent } from 'react';
import { Button } from '../../components/Button.tsx';
import { Field, Labelled } from '../../components/Field.tsx';
import { Note } from '../../components/Note.tsx';
import { useServices } from '../../services.ts';
import type { FunctionAnswer } from '../../api/functions.ts';
import { namedUrl } from './call-example.ts';
import css from './OfferDetails.module.css';

const methods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** A call without a payment: free for who sells the function; to anybody else a priced one answers what it costs. */
export function TryIt({ summary, onCalled }: { summary: OfferSummary; onCalled: () => void }) {
  const { api, toasts } = useServices();
  const { offer, example } = summary;
  const isTool = offer.interface === 'tool';
  const takesJson = offer.interface !== 'cgi';
  const start = new URL(example);
  const [method, setMethod] = useState<string>(takesJson ? 'POST' : 'GET');
  const [path, setPath] = useState(start.pathname + start.search);
  const [body, setBody] = useState(() =>
    takesJson ? JSON.stringify(isTool ? (offer.tool?.examples?.[0]?.input ?? {}) : { args: [], stdin: '' }, null, 2) : '',
  );
  const [answer, setAnswer] = useState<FunctionAnswer | null>(null);
  const [isBusy, setBusy] = useState(false);

  const send = async (event: FormEvent) => {
    event.preventDefault();
    // It is sent with the session, so nowhere else.
    const home = new URL(namedUrl(summary)).pathname;
    const { pathname, origin } = new URL(path, location.href);
    if (origin !== location.origin || (pathname !== home && !pathname.startsWith(`${home}/`))) {
      toasts.fail(new Error(`The path begins with ${home}.`));
      return;
    }
    setBusy(true);
    try {
      const hasBody = method !== 'GET' && body !== '';
      setAnswer(await api.functions.call(path, { method, ...(hasBody && { body, type: takesJson ? 'application/json' : 'text/plain' }) }));
      onCalled();
    } catch (error) {
      toasts.fail(error);
    }
    setBusy(false);
  };

  return (
    <details className={css.try}>
      <summary>Try it</summary>
      <form onSubmit={(event) => void send(event)}>
        {!takesJson && (
          <div className={css.line}>
            <Labelled label="Method">
              {(ids) => (
                <select {...ids} value={method} onChange={(event) => setMethod(event.target.value)}>
                  {methods.map((name) => (
                    <option key={name}>{name}</option>
                  ))}
                </select>
              )}
            </Labelled>
            <Field label="Path and query" value={path} spellCheck={false} onChange={(event) => setPath(event.target.value)} />
          </div>
        )}
        {method !== 'GET' && (
          <Labelled label={takesJson ? 'Input, as JSON' : 'Body'}>
            {(ids) => <textarea {...ids} rows={4} spellCheck={false} value={body} onChange={(event) => setBody(event.target.value)} />}
          </Labelled>
        )}
        <Button kind="primary" type="submit" disabled={isBusy}>
          {isBusy ? 'Calling …' : 'Call it'}
        </Button>
      </form>
      {answer && <Answer answer={answer} />}
    </details>
  );
}

function Answer({ answer: { status, milliseconds, type, text, isCached } }: { answer: FunctionAnswer }) {
  const facts = [`${milliseconds} ms`, isCached && 'from the cache', type].filter(Boolean).join(' · ');
  return (
    <div className={css.answer} role="group" aria-label="Answer" aria-live="polite">
      {status === 402 ? (
        <Note tone="caution">
          It has a price, and this call paid nothing: these are the terms. Pay with `freehold curl`, or `freehold run` for a batch.
        </Note>
      ) : (
        <p>
          <b>{status}</b> <small>{facts}</small>
        </p>
      )}
      <pre className={css.json} tabIndex={0}>
        {text === '' ? '(nothing)' : text}
      </pre>
    </div>
  );
}
