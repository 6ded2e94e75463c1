// @ts-check
/** The words that products are made of. */

/** Categories in their order: product `n` is in category `n % categories.length`. */
export const categories = [
  {
    slug: 'kitchen',
    name: 'Kitchen',
    nouns: ['Teapot', 'Mixing Bowl', 'Carafe', 'Chopping Board', 'Pepper Mill', 'Casserole', 'Butter Dish'],
  },
  {
    slug: 'lighting',
    name: 'Lighting',
    nouns: ['Desk Lamp', 'Pendant', 'Wall Light', 'Floor Lamp', 'Lantern', 'Reading Light'],
  },
  {
    slug: 'garden',
    name: 'Garden',
    nouns: ['Watering Can', 'Planter', 'Hand Trowel', 'Bird Table', 'Garden Bench', 'Seed Tray'],
  },
  {
    slug: 'office',
    name: 'Office',
    nouns: ['Bookstand', 'Pen Tray', 'Notebook', 'Letter Rack', 'Desk Clock', 'Stapler'],
  },
  {
    slug: 'bath',
    name: 'Bath',
    nouns: ['Soap Dish', 'Towel Rail', 'Bath Mat', 'Mirror', 'Nail Brush', 'Laundry Basket'],
  },
  {
    slug: 'toys',
    name: 'Toys',
    nouns: ['Spinning Top', 'Train Set', 'Building Blocks', 'Kite', 'Marionette', 'Jigsaw'],
  },
  {
    slug: 'books',
    name: 'Books',
    nouns: ['Field Guide', 'Atlas', 'Cookery Book', 'Almanac', 'Sketchbook', 'Pocket Dictionary'],
  },
  {
    slug: 'textiles',
    name: 'Textiles',
    nouns: ['Wool Throw', 'Cushion', 'Tablecloth', 'Tea Towel', 'Rug', 'Quilt'],
  },
];

export const manners = [
  'Hand-thrown',
  'Folding',
  'Classic',
  'Compact',
  'Weatherproof',
  'Everyday',
  'Heirloom',
  'Restored',
  'Featherlight',
  'Workshop',
];
export const materials = [
  'Oak',
  'Walnut',
  'Stoneware',
  'Brass',
  'Linen',
  'Enamel',
  'Cork',
  'Glass',
  'Cast Iron',
  'Birch',
];
export const colours = ['Moss', 'Chalk', 'Ink', 'Rust', 'Straw', 'Slate', 'Plum', 'Sea Green'];
export const tags = [
  'new',
  'bestseller',
  'gift',
  'handmade',
  'recycled',
  'limited',
  'fair-trade',
  'outlet',
  'seasonal',
  'made-to-order',
];
export const currencies = /** @type {const} */ (['EUR', 'USD', 'GBP']);
export const makers = [
  'Halden & Sons',
  'Atelier Brun',
  'Northfold',
  'Kestrel Works',
  'Casa Lume',
  'Ōtsuka Kōbō',
];
export const sentences = [
  'Made in small numbers and checked by hand before it leaves the workshop.',
  'The finish deepens with use and can be renewed with a little oil.',
  'Every part can be ordered again, so nothing needs to be thrown away.',
  'It stands steady on uneven floors and stores flat against a wall.',
  'Wipe with a damp cloth; keep away from radiators and direct sun.',
  'Packed in plain card without plastic.',
  'The design has hardly changed since the first catalogue.',
];
