/** `/infinite`: twenty more cards whenever the end of the list comes into view, then `[data-testid="end"]`. */
import { useCallback, useEffect, useRef, useState } from 'react';
import { type Card, load } from './data.js';
import { ProductCard } from './product-card.js';
import { Failed, Loading } from './states.js';

const step = 20;

export function InfiniteList({ items }: { items: string | null }) {
  const [cards, setCards] = useState<Card[]>([]);
  const [total, setTotal] = useState(Number.POSITIVE_INFINITY);
  const [error, setError] = useState<unknown>();
  const sentinel = useRef<HTMLDivElement>(null);
  const isLoading = useRef(false);
  const isComplete = cards.length >= total;

  const loadMore = useCallback(async () => {
    if (isLoading.current) return;
    isLoading.current = true;
    try {
      const wanted = items === null ? '' : `&items=${items}`;
      const more = await load<{ total: number; items: Card[] }>(
        `/api/items/infinite?from=${cards.length}&count=${step}${wanted}`,
      );
      setTotal(more.total);
      setCards((held) => [...held, ...more.items]);
    } catch (failure) {
      setError(failure);
    } finally {
      isLoading.current = false;
    }
  }, [cards.length, items]);

  useEffect(() => {
    const end = sentinel.current;
    if (!end || isComplete) return;
    const watcher = new IntersectionObserver((entries) => {
      if (entries.some((entry) => entry.isIntersecting)) void loadMore();
    });
    watcher.observe(end);
    return () => watcher.disconnect();
  }, [loadMore, isComplete]);

  if (error !== undefined) return <Failed error={error} />;
  return (
    <section className="list" data-testid="infinite">
      <h1>Discover</h1>
      <div className="grid">
        {cards.map((card) => (
          <ProductCard key={card.slug} card={card} />
        ))}
      </div>
      {isComplete ? <p data-testid="end">That was all.</p> : <div ref={sentinel}>{<Loading />}</div>}
    </section>
  );
}
