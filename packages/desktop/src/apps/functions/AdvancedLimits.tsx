import type { ChangeEvent } from 'react';
import { Field } from '../../components/Field.tsx';
import css from './Publish.module.css';

type LimitField = 'memoryMiB' | 'cpuSeconds' | 'wallSeconds' | 'outputMiB' | 'inputMiB';
type Binding = { value: string; problem: string | undefined; onChange: (event: ChangeEvent<HTMLInputElement>) => void };

const fields: readonly { field: LimitField; label: string; unit: string }[] = [
  { field: 'memoryMiB', label: 'Memory', unit: 'MiB' },
  { field: 'wallSeconds', label: 'Time', unit: 's' },
  { field: 'cpuSeconds', label: 'Processor time', unit: 's' },
  { field: 'inputMiB', label: 'Largest request', unit: 'MiB' },
  { field: 'outputMiB', label: 'Largest answer', unit: 'MiB' },
];

/** Opens by itself when something in it is wrong. */
export function AdvancedLimits({ bind, hasProblem }: { bind: (field: LimitField) => Binding; hasProblem: boolean }) {
  return (
    <details className={css.advanced} open={hasProblem || undefined}>
      <summary>Advanced: limits of a call</summary>
      <p>A call that passes a limit is stopped, and its caller pays nothing.</p>
      <div className={css.limits}>
        {fields.map(({ field, label, unit }) => (
          <Field key={field} label={label} suffix={unit} inputMode="decimal" {...bind(field)} />
        ))}
      </div>
    </details>
  );
}
