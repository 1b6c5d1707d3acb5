import { Button } from '../components/Button.tsx';
import { Icon } from '../icons.tsx';
import { useServices } from '../services.ts';
import css from './Welcome.module.css';

export function Unreachable({ message }: { message: string }) {
  const { session } = useServices();
  return (
    <main className={css.page}>
      <section className={css.card} aria-labelledby="unreachable">
        <Icon name="alert" size={32} />
        <h1 id="unreachable">No answer from your node</h1>
        <p className={css.lead}>{message}</p>
        <Button kind="primary" icon="refresh" onClick={() => void session.start()}>
          Try again
        </Button>
      </section>
    </main>
  );
}
