import { CopyButton } from '../components/CopyButton.tsx';

/** A line of a list of facts, with a button that copies it. */
export function CopyableFact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <code>{value}</code>
        <CopyButton text={value} label={`Copy ${name.toLowerCase()}`} />
      </dd>
    </div>
  );
}
