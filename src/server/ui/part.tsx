/** @jsxImportSource preact */
import type { ComponentChildren } from 'preact';

export function Part({ title, children }: { title: string; children: ComponentChildren }) {
  const name = title.toLowerCase().replaceAll(/[^a-z]+/g, '-');
  return (
    <section aria-labelledby={name}>
      <h2 id={name}>{title}</h2>
      {children}
    </section>
  );
}

export interface Tile {
  name: string;
  /** Undefined: left out. */
  value: string | undefined;
  more?: string | undefined;
}

export function Tiles({ tiles }: { tiles: readonly Tile[] }) {
  return (
    <dl class="tiles">
      {tiles.map(
        ({ name, value, more }) =>
          value !== undefined && (
            <div key={name}>
              <dt>{name}</dt>
              <dd>
                {value}
                {more !== undefined && <small> {more}</small>}
              </dd>
            </div>
          ),
      )}
    </dl>
  );
}
