/** @jsxImportSource preact */
/** What a batch delivered, beside what the batch before it did: only when it is asked for, since both are read for it. */
import { useState } from 'preact/hooks';
import type { DiffView } from '../schemas.js';
import { ask, type Refused } from './ask.js';
import { Part, Tiles } from './part.js';
import { count } from './words.js';

export function Compare({ id }: { id: string }) {
  const [diff, setDiff] = useState<DiffView | undefined>();
  const [error, setError] = useState('');
  const [isBusy, setIsBusy] = useState(false);
  const compare = async (): Promise<void> => {
    setIsBusy(true);
    setError('');
    await ask<DiffView>(`/api/batches/${id}/diff`).then(setDiff, (refused: Refused) =>
      setError([refused.message, refused.mend].filter(Boolean).join('; ')),
    );
    setIsBusy(false);
  };
  return (
    <Part title="What changed">
      {diff === undefined ? (
        <p>
          <button type="button" disabled={isBusy} onClick={() => void compare()}>
            {isBusy ? 'Comparing…' : 'Compare with the batch before'}
          </button>
        </p>
      ) : (
        <Differences diff={diff} />
      )}
      <p role="alert" class="error">
        {error}
      </p>
    </Part>
  );
}

function Differences({ diff: { before, rows, columns, schema, changes, after, key } }: { diff: DiffView }) {
  const all = rows.added + rows.gone + rows.changed;
  const said = [
    ...schema.added.map((name) => `new column ${name}`),
    ...schema.gone.map((name) => `no column ${name} any more`),
    ...schema.retyped.map((name) => `another type of ${name}`),
    ...columns.map(({ name, rows: changed }) => `${name} changed in ${count(changed)}`),
  ];
  return (
    <>
      <p class="hint">
        since <a href={`/batches/${before.batch}`}>{before.batch}</a>, by {key.join(', ')}
      </p>
      <Tiles
        tiles={[
          { name: 'Added', value: count(rows.added) },
          { name: 'Gone', value: count(rows.gone) },
          { name: 'Changed', value: count(rows.changed) },
          { name: 'The same', value: count(rows.same), more: `of ${count(rows.after)} rows` },
        ]}
      />
      {said.length > 0 && <p class="hint">{said.join(' · ')}</p>}
      {changes.length > 0 && <Changes changes={changes} />}
      {changes.length < all && (
        <p class="hint">
          the first {count(changes.length)} of {count(all)}; all of them:{' '}
          <code>
            thresh diff {before.batch} {after.batch} --out changes.parquet
          </code>
        </p>
      )}
    </>
  );
}

function Changes({ changes }: Pick<DiffView, 'changes'>) {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label="Changes">
      <table>
        <thead>
          <tr>
            {['change', 'key', 'column', 'before', 'after'].map((name) => (
              <th key={name} scope="col">
                {name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {changes.flatMap(({ change, key, values }) =>
            (values.length === 0 ? [{ column: '', before: '', after: '' }] : values).map((value) => (
              <tr key={`${key} ${value.column}`}>
                <td>{change}</td>
                <td>
                  <code>{key}</code>
                </td>
                <td>{value.column}</td>
                <td>{value.before}</td>
                <td>{value.after}</td>
              </tr>
            )),
          )}
        </tbody>
      </table>
    </div>
  );
}
