import { useState, type FormEvent } from 'react';
import type { Entry } from '../../api/drive.ts';
import { messageOf } from '../../api/error.ts';
import { Button } from '../../components/Button.tsx';
import { Dialog } from '../../components/Dialog.tsx';
import { Field } from '../../components/Field.tsx';
import { useServices } from '../../services.ts';

export function NewFolderDialog({
  parent,
  onClose,
  onCreated,
}: {
  parent: string;
  onClose: () => void;
  onCreated: (folder: Entry) => void;
}) {
  const { api } = useServices();
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string>();
  const create = async (event: FormEvent) => {
    event.preventDefault();
    if (name.trim() === '') return setProblem('Give the folder a name.');
    try {
      onCreated(await api.drive.createFolder(parent, name.trim()));
      onClose();
    } catch (error) {
      setProblem(messageOf(error));
    }
  };
  return (
    <Dialog
      title="New folder"
      onClose={onClose}
      footer={
        <>
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" form="new-folder">
            Create folder
          </Button>
        </>
      }
    >
      <form id="new-folder" onSubmit={(event) => void create(event)}>
        <Field label="Name" value={name} problem={problem} maxLength={255} onChange={(event) => setName(event.target.value)} />
      </form>
    </Dialog>
  );
}
