import { useId, type InputHTMLAttributes, type ReactElement, type ReactNode } from 'react';
import css from './Field.module.css';

type FieldProps = { label: string; hint?: ReactNode; problem?: string | undefined; suffix?: string | undefined };

/** A labelled input with a hint below it, which gives way to what is wrong. */
export function Field({
  label,
  hint,
  problem,
  suffix,
  ...input
}: FieldProps & Omit<InputHTMLAttributes<HTMLInputElement>, 'className' | 'id'>) {
  return (
    <Labelled label={label} hint={hint} problem={problem}>
      {(ids) => (
        <span className={css.box}>
          <input {...ids} {...input} />
          {suffix && <span className={css.suffix}>{suffix}</span>}
        </span>
      )}
    </Labelled>
  );
}

type ControlIds = { id: string; 'aria-describedby': string | undefined; 'aria-invalid': boolean };

/** The label, hint and problem around any control. */
export function Labelled({ label, hint, problem, children }: FieldProps & { children: (ids: ControlIds) => ReactElement }) {
  const id = useId();
  const note = problem ?? hint;
  return (
    <div className={css.field}>
      <label htmlFor={id}>{label}</label>
      {children({ id, 'aria-describedby': note ? `${id}-note` : undefined, 'aria-invalid': problem !== undefined })}
      {note && (
        <p id={`${id}-note`} className={problem ? css.problem : css.hint}>
          {note}
        </p>
      )}
    </div>
  );
}
