import { useState } from 'react';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import type { ConflictAnswer, UploadsState } from './uploads.ts';
import css from './dialogs.module.css';

type Props = { conflict: NonNullable<UploadsState['conflict']>; onAnswer: (answer: ConflictAnswer, forAll: boolean) => void };

export function ConflictDialog({ conflict: { name, isOneOfMany }, onAnswer }: Props) {
  const [forAll, setForAll] = useState(false);
  return (
    <Dialog
      title="This name is taken"
      onClose={() => onAnswer('cancel', forAll)}
      footer={
        <>
          <Button onClick={() => onAnswer('cancel', forAll)}>Cancel</Button>
          <Button onClick={() => onAnswer('replace', forAll)}>Replace</Button>
          <Button kind="primary" onClick={() => onAnswer('rename', forAll)}>
            Keep both
          </Button>
        </>
      }
    >
      <p>
        <b className={css.name}>{name}</b> is already in this folder. Replacing gives it the new content; keeping both gives the new file
        another name.
      </p>
      {isOneOfMany && (
        <label className={css.check}>
          <input type="checkbox" checked={forAll} onChange={(event) => setForAll(event.target.checked)} />
          Do the same for all other files
        </label>
      )}
    </Dialog>
  );
}
