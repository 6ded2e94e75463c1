/** `/p/SLUG`. `[data-sku]` stands only when all of it is there. */
import { useEffect, useMemo } from 'react';
import { type Card, type Product, useData } from './data.js';
import { productCame, stockToShow } from './manner.js';
import { Link } from './place.js';
import { Price, ProductCard, Rating } from './product-card.js';
import { Failed, Loading } from './states.js';

const pictures = Array.from({ length: 12 }, (_, at) => at + 1);

export function ProductPage({ slug }: { slug: string }) {
  const path = `/api/products/${encodeURIComponent(slug)}`;
  const loaded = useData<[Product, { stock: number; recommendations: Card[] }]>(path, `${path}/more`);
  const data = loaded.state === 'ready' ? loaded.data : undefined;
  const stock = useMemo(() => (data === undefined ? 0 : stockToShow(data[1].stock)), [data]);
  useEffect(() => {
    if (data !== undefined) productCame();
  }, [data]);
  if (loaded.state === 'failed') return <Failed error={loaded.error} />;
  if (data === undefined) return <Loading />;
  const [product, { recommendations }] = data;
  return (
    <>
      <article className="product" data-sku={product.sku} data-slug={product.slug}>
        <div className="gallery">
          {pictures.map((number) => (
            <img
              key={number}
              src={`/img/${slug}/${number}.png`}
              width={240}
              height={240}
              alt={`View ${number}`}
            />
          ))}
        </div>
        <div className="facts">
          <p className="crumbs">
            <Link to={`/c/${product.category}`} className="category">
              {product.category}
            </Link>{' '}
            / <span className="sku">{product.sku}</span>
          </p>
          <h1 className="title">{product.title}</h1>
          <Rating rating={product.rating} />
          <p className="buy">
            <Price
              price={product.offer === undefined ? product.price : product.offer.price}
              currency={product.currency}
            />
            <button type="button">Add to basket</button>
          </p>
          <p className={stock > 0 ? 'stock' : 'stock sold-out'} data-stock={stock}>
            {stock > 0 ? `${stock} in stock` : 'Sold out'}
          </p>
          <ul className="tags">
            {product.tags.map((tag) => (
              <li key={tag} className="tag">
                {tag}
              </li>
            ))}
          </ul>
          <p className="description">{product.description}</p>
          <Specs specs={product.specs} />
          {product.listedAt !== null && (
            <p className="listed">
              In the shop since{' '}
              <time dateTime={product.listedAt}>
                {new Date(product.listedAt).toLocaleDateString('en', { dateStyle: 'long', timeZone: 'UTC' })}
              </time>
            </p>
          )}
        </div>
      </article>
      <aside>
        <h2>Goes well with</h2>
        <div className="row">
          {recommendations.map((card) => (
            <ProductCard key={card.slug} card={card} from="recommended" />
          ))}
        </div>
      </aside>
    </>
  );
}

/** Rows by `data-spec` (a path of fixed names) or, for the maker's own names, `data-extra`. */
function Specs({ specs }: Pick<Product, 'specs'>) {
  const { widthMm, heightMm, depthMm } = specs.dimensions;
  return (
    <table className="specs">
      <tbody>
        <Spec name="material" label="Material" value={specs.material} />
        <Spec name="weightGrams" label="Weight" value={specs.weightGrams} unit="g" />
        <Spec name="dimensions.widthMm" label="Width" value={widthMm} unit="mm" />
        <Spec name="dimensions.heightMm" label="Height" value={heightMm} unit="mm" />
        <Spec name="dimensions.depthMm" label="Depth" value={depthMm} unit="mm" />
        {Object.entries(specs.extra).map(([name, value]) => (
          <tr key={name} data-extra={name}>
            <th scope="row">{name}</th>
            <td>{value}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function Spec(props: { name: string; label: string; value: string | number; unit?: string }) {
  return (
    <tr data-spec={props.name}>
      <th scope="row">{props.label}</th>
      <td>
        <span className="value">{props.value}</span> {props.unit}
      </td>
    </tr>
  );
}
