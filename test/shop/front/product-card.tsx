/** A product in a list, and the parts that the product's own page shares with it. */
import type { Card } from './data.js';
import { Link } from './place.js';

const formats = new Map<string, Intl.NumberFormat>();

function formatPrice(price: number, currency: string) {
  let format = formats.get(currency);
  if (!format) {
    format = new Intl.NumberFormat('en', { style: 'currency', currency });
    formats.set(currency, format);
  }
  return format.format(price);
}

/** Where there is no price there is no `.price`; a text stands as it is. */
export function Price({ price, currency }: Pick<Card, 'price' | 'currency'>) {
  if (price === null) return <span className="no-price">Price on request</span>;
  return (
    <span className="price" data-currency={currency}>
      {typeof price === 'number' ? formatPrice(price, currency) : price}
    </span>
  );
}

export function Rating({ rating }: Pick<Card, 'rating'>) {
  if (rating === null) return <span className="no-rating">Not yet rated</span>;
  return (
    <span className="rating" data-rating={rating} style={{ '--share': `${rating * 20}%` } as object}>
      <span className="stars" aria-hidden="true">
        ★★★★★
      </span>{' '}
      {rating.toFixed(1)}
    </span>
  );
}

export function ProductCard({ card, from }: { card: Card; from?: string }) {
  return (
    <article className={from ?? 'card'} data-sku={from ? undefined : card.sku} data-slug={card.slug}>
      <Link to={`/p/${card.slug}`}>
        <img src={`/img/${card.slug}/1.png`} width={240} height={240} alt="" />
        <h3 className="title">{card.title}</h3>
      </Link>
      <div className="line">
        <Price price={card.price} currency={card.currency} />
        <Rating rating={card.rating} />
      </div>
    </article>
  );
}
