import { useIsCompact } from '../components/use-media.ts';
import css from './Wallpaper.module.css';

const wideView = '0 0 1440 900';
/** On a phone the part with the house. */
const narrowView = '868 0 416 900';

/** A plot of land at dawn, or by night with a lamp in the window. Drawn here; its colours are tokens. */
export function Wallpaper() {
  const isCompact = useIsCompact();
  return (
    <div className={css.wallpaper} aria-hidden="true">
      <svg viewBox={isCompact ? narrowView : wideView} preserveAspectRatio="xMidYMax slice">
        <defs>
          <linearGradient id="sky" x1="0" y1="0" x2="0" y2="1">
            <stop offset="0" className={css.skyHigh} />
            <stop offset="0.78" className={css.skyLow} />
          </linearGradient>
          <radialGradient id="glow">
            <stop offset="0" className={css.glowIn} />
            <stop offset="1" className={css.glowOut} />
          </radialGradient>
        </defs>
        <rect width="1440" height="900" fill="url(#sky)" />
        <g className={css.stars}>
          <circle cx="132" cy="122" r="1.6" />
          <circle cx="268" cy="226" r="1.2" />
          <circle cx="402" cy="88" r="1.4" />
          <circle cx="538" cy="196" r="1" />
          <circle cx="663" cy="64" r="1.7" />
          <circle cx="811" cy="151" r="1.1" />
          <circle cx="902" cy="258" r="1.3" />
          <circle cx="1188" cy="82" r="1.2" />
          <circle cx="1302" cy="231" r="1.6" />
          <circle cx="1377" cy="118" r="1.1" />
          <circle cx="1241" cy="342" r="1" />
          <circle cx="196" cy="351" r="1.1" />
        </g>
        <circle cx="1064" cy="300" r="300" fill="url(#glow)" />
        <circle cx="1064" cy="300" r="58" className={css.sun} />
        <path className={css.far} d="M0 566c150-62 262-84 402-52s226 84 372 58 214-118 356-128 216 40 310 74v382H0z" />
        <path className={css.mid} d="M0 652c128-30 262-16 396 12s268 58 420 24 250-104 398-96 168 34 226 50v258H0z" />
        <g className={css.cottage}>
          <path className={css.roof} d="M1102 646v-41h14v52z" />
          <path className={css.walls} d="M1034 720v-66l42-36 42 36v66z" />
          <path className={css.roof} d="M1023 664l53-46 53 46-6 7-47-40-47 40z" />
          <rect className={css.window} x="1065" y="660" width="22" height="22" rx="2" />
          <path className={css.roof} d="M1075 660h2v22h-2zM1065 670h22v2h-22z" />
        </g>
        <path className={css.near} d="M0 704c196 6 312 70 494 74s318-78 520-84 318 46 426 38v168H0z" />
        <path className={css.front} d="M0 812c232-58 424-44 668-12s470 26 772-42v142H0z" />
      </svg>
    </div>
  );
}
