import { useEffect, useRef, useState } from 'react';
import { messageOf } from '../../api/error.ts';
import { useServices } from '../../services.ts';
import { answered, cleared, keyOf, operations, press, shown, type Calculator, type Key } from './calculator.ts';
import css from './Programs.module.css';

const rows: readonly { key: Key; label: string; name?: string }[] = [
  { key: 'clear', label: 'C', name: 'Clear' },
  { key: 'sign', label: '±', name: 'Change sign' },
  { key: 'back', label: '⌫', name: 'Delete last digit' },
  { key: '÷', label: '÷', name: 'Divide' },
  { key: '7', label: '7' },
  { key: '8', label: '8' },
  { key: '9', label: '9' },
  { key: '×', label: '×', name: 'Multiply' },
  { key: '4', label: '4' },
  { key: '5', label: '5' },
  { key: '6', label: '6' },
  { key: '−', label: '−', name: 'Subtract' },
  { key: '1', label: '1' },
  { key: '2', label: '2' },
  { key: '3', label: '3' },
  { key: '+', label: '+', name: 'Add' },
  { key: '0', label: '0' },
  { key: '.', label: '.', name: 'Decimal point' },
  { key: '=', label: '=', name: 'Equals' },
];

/** Types here, computes on the node: each result comes from an export of calculator.wasm. */
export function CalculatorApp() {
  const { api } = useServices();
  const [state, setState] = useState(cleared);
  const [note, setNote] = useState('Computed on your node by calculator.wasm');
  const element = useRef<HTMLDivElement>(null);
  const present = useRef<Calculator>(cleared);
  const waiting = useRef<Promise<void>>(Promise.resolve());
  useEffect(() => element.current?.focus(), []);

  function show(next: Calculator) {
    present.current = next;
    setState(next);
  }

  async function handle(key: Key) {
    const { state: next, ask } = press(present.current, key);
    show(next);
    if (!ask) return;
    try {
      const ran = await api.run({ builtIn: 'calculator', entry: operations[ask.operator], args: [ask.left, ask.right] });
      if (ran.problem !== null) throw new Error(ran.problem);
      show(answered(ask, ran.stdout.trim()));
      setNote(`Computed on your node in ${ran.wallUs < 1000 ? `${ran.wallUs} µs` : `${(ran.wallUs / 1000).toFixed(1)} ms`}`);
    } catch (error) {
      setNote(messageOf(error));
    }
  }

  /** Keys that come while the node computes wait for their turn. */
  const enter = (key: Key) => {
    waiting.current = waiting.current.then(() => handle(key));
  };

  return (
    <div
      ref={element}
      className={css.calculator}
      role="group"
      aria-label="Calculator"
      tabIndex={-1}
      onKeyDown={(event) => {
        const key = keyOf(event.key);
        // Enter on a key that has the focus presses that key.
        const isPressed = event.key === 'Enter' && event.target instanceof HTMLButtonElement;
        if (key === undefined || isPressed || event.ctrlKey || event.metaKey || event.altKey) return;
        event.preventDefault();
        event.stopPropagation();
        enter(key);
      }}
    >
      <div className={css.display}>
        <span className={css.left}>{state.left !== null && `${shown(state.left)} ${state.operator ?? ''}`}</span>
        <output aria-live="polite" aria-label="Result">
          {shown(state.value)}
        </output>
      </div>
      <div className={css.keys}>
        {rows.map(({ key, label, name }) => (
          <button key={key} type="button" data-key={key} aria-label={name} onClick={() => enter(key)}>
            {label}
          </button>
        ))}
      </div>
      <p className={css.note}>{note}</p>
    </div>
  );
}
