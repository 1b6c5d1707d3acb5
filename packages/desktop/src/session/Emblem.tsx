import css from './Welcome.module.css';

export function Emblem() {
  return (
    <svg className={css.emblem} viewBox="0 0 32 32" width="60" height="60" aria-hidden="true">
      <rect width="32" height="32" rx="9" className={css.emblemGround} />
      <path d="M7 16.2 16 8l9 8.2V24a1.5 1.5 0 0 1-1.5 1.5h-15A1.5 1.5 0 0 1 7 24z" className={css.emblemHouse} />
      <rect x="13.4" y="17.4" width="5.2" height="8.1" rx="1" className={css.emblemDoor} />
    </svg>
  );
}
