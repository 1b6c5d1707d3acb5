import { useState } from 'react';
import { useAnswer } from '../../apps/files/properties/use-answer.ts';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { Field } from '../../components/Field.tsx';
import { formatMoment } from '../../components/format.ts';
import { Note } from '../../components/Note.tsx';
import { shortAddress } from '../../components/short-address.ts';
import { useServices } from '../../services.ts';
import css from './Table.module.css';

/** Everybody who signed up for a wallet on this node, for those who run it. */
export function SignUpsDialog({ onClose }: { onClose: () => void }) {
  const { api } = useServices();
  const [search, setSearch] = useState('');
  const [starts, setStarts] = useState<readonly number[]>([0]);
  const after = starts.at(-1) ?? 0;
  const { answer, problem } = useAnswer(() => api.wallet.users({ search, after }), `${after} ${search}`);
  const next = answer?.next ?? null;

  return (
    <Dialog title="Who signed up" onClose={onClose}>
      <Field
        label="Search"
        type="search"
        placeholder="E-mail, user id or address"
        value={search}
        onChange={(event) => {
          setSearch(event.target.value);
          setStarts([0]);
        }}
      />
      {problem !== null && <Note tone="problem">{problem}</Note>}
      <div className={css.table} tabIndex={0} role="region" aria-label="People">
        <table>
          <thead>
            <tr>
              <th scope="col">E-mail</th>
              <th scope="col">User id</th>
              <th scope="col">Address</th>
              <th scope="col">Public key</th>
              <th scope="col">Since</th>
            </tr>
          </thead>
          <tbody>
            {answer?.users.map((user) => (
              <tr key={user.id}>
                <td>{user.email}</td>
                <td>{user.userId}</td>
                <td title={user.address}>
                  <code>{shortAddress(user.address)}</code>
                </td>
                <td title={user.pubKeyHex}>
                  <code>{shortAddress(user.pubKeyHex)}</code>
                </td>
                <td>{formatMoment(Date.parse(user.createdAt))}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {answer?.users.length === 0 && <p>{search === '' ? 'Nobody has signed up yet.' : 'Nobody like that.'}</p>}
      <div className={css.pages}>
        <Button disabled={starts.length === 1} onClick={() => setStarts(starts.slice(0, -1))}>
          Back
        </Button>
        <a href="/api/admin/users?format=csv" download="users.csv">
          All as CSV
        </a>
        <Button disabled={next === null} onClick={() => next !== null && setStarts([...starts, next])}>
          More
        </Button>
      </div>
    </Dialog>
  );
}
