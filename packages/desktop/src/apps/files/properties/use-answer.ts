import { useCallback, useEffect, useState } from 'react';
import { messageOf } from '../../../api/error.ts';

/** An answer of the node: asked for at once, and again after a change. `null` until the first one is there. */
export function useAnswer<Answer>(ask: () => Promise<Answer>, key: string) {
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const load = useCallback(
    () =>
      ask().then(
        (value) => {
          setAnswer(value);
          setProblem(null);
        },
        (error: unknown) => setProblem(messageOf(error)),
      ),
    // What is asked depends on the key alone.
    [key],
  );
  useEffect(() => void load(), [load]);
  return { answer, problem, load };
}
