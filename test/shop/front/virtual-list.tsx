/**
 * `/virtual`: a list as high as all its items, of which some ten elements exist. The elements are recycled: scrolling
 * moves one to another place and gives it another item; until that item's data has come it has no `data-slug`.
 * `?in=box` scrolls in a box of its own instead of the window.
 */
import { useEffect, useRef, useState } from 'react';
import { type Card, load } from './data.js';
import { Link } from './place.js';
import { Price } from './product-card.js';
import { Failed, Loading } from './states.js';

const rowHeight = 96;
const elements = 10;
const blockSize = 50;

export function VirtualList({ items, isBoxed }: { items: string | null; isBoxed: boolean }) {
  const [blocks, setBlocks] = useState<ReadonlyMap<number, Card[]>>(new Map());
  const [total, setTotal] = useState<number>();
  const [error, setError] = useState<unknown>();
  const [first, setFirst] = useState(0);
  const box = useRef<HTMLDivElement>(null);
  const asked = useRef(new Set<number>());

  useEffect(() => {
    const blocksInView = new Set([0, first, first + elements - 1].map((at) => Math.floor(at / blockSize)));
    for (const block of blocksInView) {
      if (asked.current.has(block) || (total !== undefined && block * blockSize >= total && block > 0))
        continue;
      asked.current.add(block);
      const wanted = items === null ? '' : `&items=${items}`;
      load<{ total: number; items: Card[] }>(
        `/api/items/virtual?from=${block * blockSize}&count=${blockSize}${wanted}`,
      ).then((loaded) => {
        setTotal(loaded.total);
        setBlocks((held) => new Map(held).set(block, loaded.items));
      }, setError);
    }
  }, [first, items, total]);

  const isThere = total !== undefined;
  useEffect(() => {
    const element = box.current;
    if (!isThere || !element) return;
    const scroller = isBoxed ? element : window;
    const follow = () => {
      const above = isBoxed ? element.scrollTop : -element.getBoundingClientRect().top;
      setFirst(Math.max(0, Math.floor(above / rowHeight) - 1));
    };
    follow();
    scroller.addEventListener('scroll', follow, { passive: true });
    return () => scroller.removeEventListener('scroll', follow);
  }, [isThere, isBoxed]);

  if (error !== undefined) return <Failed error={error} />;
  if (total === undefined) return <Loading />;
  const start = Math.max(0, Math.min(first, total - elements));
  const shown = Array.from({ length: Math.min(elements, total) }, (_, at) => start + at);
  return (
    <section className="list" data-testid="virtual">
      <h1>
        All articles <small>{total}</small>
      </h1>
      <div className={isBoxed ? 'window boxed' : 'window'} ref={box} data-testid="virtual-window">
        <div className="runway" style={{ height: total * rowHeight }}>
          {shown.map((index) => (
            <VirtualRow
              key={index % elements}
              index={index}
              card={blocks.get(Math.floor(index / blockSize))?.[index % blockSize]}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

function VirtualRow({ index, card }: { index: number; card: Card | undefined }) {
  return (
    <div
      className="virtual-row"
      data-slug={card?.slug}
      style={{ transform: `translateY(${index * rowHeight}px)` }}
    >
      {card ? (
        <>
          <img src={`/img/${card.slug}/1.png`} width={64} height={64} alt="" />
          <Link to={`/p/${card.slug}`}>
            <span className="title">{card.title}</span>
          </Link>
          <Price price={card.price} currency={card.currency} />
        </>
      ) : (
        <span className="pending">…</span>
      )}
    </div>
  );
}
