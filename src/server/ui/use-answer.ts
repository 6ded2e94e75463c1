import { useEffect, useState } from 'preact/hooks';
import { ask, type Refused } from './ask.js';

/** What the API answers; asked anew whenever `round` changes. An answer that comes too late is left out. */
export function useAnswer<T>(path: string, round: unknown): { answer: T | undefined; error: string } {
  const [answer, setAnswer] = useState<T | undefined>();
  const [error, setError] = useState('');
  useEffect(() => {
    let isOld = false;
    ask<T>(path).then(
      (news) => {
        if (isOld) return;
        setAnswer(news);
        setError('');
      },
      (refused: Refused) => {
        if (!isOld) setError(refused.message);
      },
    );
    return () => {
      isOld = true;
    };
  }, [path, round]);
  return { answer, error };
}
