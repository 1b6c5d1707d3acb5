import { useEffect, useState } from 'react';
import css from './Taskbar.module.css';

const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const date = new Intl.DateTimeFormat(undefined, { weekday: 'short', day: 'numeric', month: 'short' });
const minuteMs = 60_000;

export function Clock() {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setTimeout(() => setNow(new Date()), minuteMs - (now.getTime() % minuteMs));
    return () => clearTimeout(timer);
  }, [now]);
  return (
    <time className={css.clock} dateTime={now.toISOString()}>
      <b>{time.format(now)}</b>
      <span>{date.format(now)}</span>
    </time>
  );
}
