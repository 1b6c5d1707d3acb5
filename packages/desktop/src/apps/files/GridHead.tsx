import { Icon } from '../../icons.tsx';
import type { Sort, SortKey } from './sort.ts';
import css from './EntryGrid.module.css';

type Props = { sort: Sort; onSort: (sort: Sort) => void; timeColumn: string };

export function GridHead({ sort, onSort, timeColumn }: Props) {
  const columns: readonly { key: SortKey; label: string }[] = [
    { key: 'name', label: 'Name' },
    { key: 'size', label: 'Size' },
    { key: 'modified', label: timeColumn },
  ];
  return (
    <div role="rowgroup" className={css.head}>
      <div role="row" aria-rowindex={1} className={css.columns}>
        {columns.map(({ key, label }) => {
          const isSorted = sort.key === key;
          return (
            <div
              key={key}
              role="columnheader"
              className={css[key]}
              aria-sort={isSorted ? (sort.descending ? 'descending' : 'ascending') : 'none'}
            >
              <button type="button" onClick={() => onSort({ key, descending: isSorted ? !sort.descending : key !== 'name' })}>
                {label}
                {isSorted && <Icon name={sort.descending ? 'down' : 'up'} size={14} />}
              </button>
            </div>
          );
        })}
        <div role="columnheader" className={css.more}>
          <span className="visually-hidden">Actions</span>
        </div>
      </div>
    </div>
  );
}
