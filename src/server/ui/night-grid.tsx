/** @jsxImportSource preact */
/** Targets by nights: one sees at once which were late, held or thin. */
import { useRef, useState } from 'preact/hooks';
import type { FarmStanding, NightsView, NightView } from '../schemas.js';
import { TROUBLE, VERDICTS } from './verdicts.js';
import { clock, count, day, duration, fromNow, isWeekend, percent } from './words.js';

const ARROWS: Record<string, [number, number]> = {
  ArrowLeft: [0, -1],
  ArrowRight: [0, 1],
  ArrowUp: [-1, 0],
  ArrowDown: [1, 0],
};

export function NightGrid({ nights, targets }: { nights: NightsView; targets: FarmStanding['targets'] }) {
  const [filter, setFilter] = useState('');
  const [onlyTrouble, setOnlyTrouble] = useState(false);
  const table = useRef<HTMLTableElement>(null);
  const dates = datesShown(nights);
  const due = new Map(targets.map((one) => [one.target, one]));
  const withoutNights = targets.filter(({ target }) => !nights.targets.some((one) => one.target === target));
  const rows = [
    ...nights.targets,
    ...withoutNights.map(({ target }) => ({ target, nights: [] as NightView[] })),
  ]
    .filter(({ target }) => target.includes(filter.trim().toLowerCase()))
    .filter((row) => !onlyTrouble || (row.nights[0] !== undefined && TROUBLE.has(row.nights[0].verdict)));

  /** To the next night that there is in that direction. */
  const onKey = (event: KeyboardEvent): void => {
    const [down = 0, right = 0] = ARROWS[event.key] ?? [];
    const cell = (event.target as Element).closest('td');
    if ((down === 0 && right === 0) || cell === null) return;
    event.preventDefault();
    const lines = table.current?.tBodies[0]?.rows;
    let [row, column] = [(cell.parentElement as HTMLTableRowElement).sectionRowIndex, cell.cellIndex];
    for (;;) {
      row += down;
      column += right;
      const next = lines?.[row]?.cells[column];
      if (next === undefined) return;
      const link = next.querySelector<HTMLElement>('a.night');
      if (link !== null) {
        link.focus();
        return;
      }
    }
  };

  return (
    <section aria-labelledby="nights">
      <div class="row">
        <h2 id="nights">Nights</h2>
        <label class="sr" for="filter">
          Filter targets
        </label>
        <input
          id="filter"
          type="search"
          placeholder="filter targets  /"
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <label class="check">
          <input
            type="checkbox"
            checked={onlyTrouble}
            onChange={(event) => setOnlyTrouble(event.currentTarget.checked)}
          />{' '}
          only where the last one is in trouble
        </label>
      </div>
      {rows.length === 0 && (
        <p class="hint">{nights.targets.length === 0 ? 'No batch yet.' : 'No target is like that.'}</p>
      )}
      {rows.length > 0 && (
        <table class="nights" ref={table} onKeyDown={onKey}>
          <thead>
            <tr>
              <th scope="col">target</th>
              {dates.map((date) => (
                <th key={date} scope="col" class={isWeekend(date) ? 'weekend' : ''} title={day(date)}>
                  <span aria-hidden="true">{Number(date.slice(8))}</span>
                  <span class="sr">{day(date)}</span>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ target, nights: own }) => (
              <Row key={target} {...{ target, own, dates, due: due.get(target) }} />
            ))}
          </tbody>
        </table>
      )}
      <Legend />
    </section>
  );
}

/** From the first night that there is, but a week at least; the oldest first. */
function datesShown({ dates, targets }: NightsView): string[] {
  const first = targets.flatMap(({ nights }) => nights.map(({ date }) => date)).toSorted()[0];
  return dates.filter((date, at) => at < 7 || (first !== undefined && date >= first)).toReversed();
}

interface RowProps {
  target: string;
  own: readonly NightView[];
  dates: readonly string[];
  due: FarmStanding['targets'][number] | undefined;
}

function Row({ target, own, dates, due }: RowProps) {
  const byDate = new Map(own.map((night) => [night.date, night]));
  const most = Math.max(1, ...own.map(({ rows = 0 }) => rows));
  return (
    <tr>
      <th scope="row">
        <span class="name">{target}</span>
        {due?.next !== undefined && (
          <small title={`${clock(due.next)} here, by ${due.tz ?? 'UTC'}`}>{fromNow(due.next)}</small>
        )}
      </th>
      {dates.map((date) => {
        const night = byDate.get(date);
        return (
          <td key={date} class={isWeekend(date) ? 'weekend' : ''}>
            {night === undefined ? (
              <span class="sr">no batch</span>
            ) : (
              <a
                href={`/batches/${night.batch}`}
                data-in
                class={`night v-${night.verdict}`}
                aria-label={`${target}, ${day(date)}: ${wordsOf(night)}`}
                title={`${target}, ${day(date)}\n${wordsOf(night)}`}
                style={{ '--share': `${Math.round(((night.rows ?? most) / most) * 100)}%` }}
              >
                <span aria-hidden="true">{VERDICTS[night.verdict].sign}</span>
              </a>
            )}
          </td>
        );
      })}
    </tr>
  );
}

function wordsOf({ verdict, rows, dead, margin, seconds, reason, earlier }: NightView): string {
  return [
    VERDICTS[verdict].words,
    ...(rows === undefined ? [] : [`${count(rows)} rows`]),
    ...(dead === undefined || dead === 0 ? [] : [`${count(dead)} dead letters`]),
    ...(margin === undefined ? [] : [`margin ${percent(margin)}`]),
    ...(seconds === undefined ? [] : [`took ${duration(seconds * 1_000)}`]),
    ...(reason === undefined ? [] : [reason]),
    ...(earlier === undefined ? [] : [`${earlier} more of that date`]),
  ].join(', ');
}

function Legend() {
  return (
    <ul class="legend" aria-label="What the signs mean">
      {Object.entries(VERDICTS).map(([verdict, { sign, words }]) => (
        <li key={verdict}>
          <span class={`night v-${verdict}`} aria-hidden="true">
            {sign}
          </span>{' '}
          {words}
        </li>
      ))}
      <li>how full a square is: its rows, of the most that are shown</li>
    </ul>
  );
}
