/** @jsxImportSource preact */
import type { QuarantineView } from '../schemas.js';
import { Part } from './part.js';
import { useAnswer } from './use-answer.js';
import { count } from './words.js';

/** Rows that the schema refused, by what was wrong, with what stood there instead. */
export function Quarantine({ id, run }: { id: string; run: number }) {
  const causes = useAnswer<QuarantineView>(`/api/batches/${id}/quarantine`, run).answer?.causes ?? [];
  if (causes.length === 0) return null;
  return (
    <Part title="Quarantine">
      <div class="scroll" tabIndex={0} role="group" aria-label="Quarantine">
        <table>
          <thead>
            <tr>
              <th scope="col" class="n">
                rows
              </th>
              <th scope="col">field</th>
              <th scope="col">what is wrong</th>
              <th scope="col">for example</th>
            </tr>
          </thead>
          <tbody>
            {causes.map(({ path, code, message, rows, examples }) => (
              <tr key={`${path} ${code}`}>
                <td class="n">{count(rows)}</td>
                <td>
                  <code>{path || '(row)'}</code>
                </td>
                <td>{message}</td>
                <td>
                  {examples.map(({ url, value }) => (
                    <div key={url} class="example">
                      <code>{value === undefined ? 'nothing' : JSON.stringify(value)}</code>{' '}
                      <small>{url}</small>
                    </div>
                  ))}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Part>
  );
}
