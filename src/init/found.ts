/** What a look at a page found, as it travels from the page: plain, bounded, and hostile. */

/** What of the page names a field; what is named better wins. */
export type NamedBy = 'itemprop' | 'data' | 'class' | 'tag' | 'place';

export interface FoundField {
  name: string;
  /** From the row's element, or from the document; empty for the row's element itself. */
  select: string;
  attribute: string | null;
  kind: 'text' | 'data' | 'link' | 'image' | 'time';
  /** More than one on a row. */
  all: boolean;
  by: NamedBy;
}

/** One way to see the page as rows. */
export interface FoundRows {
  source: 'microdata' | 'repeated' | 'page';
  /** Undefined: the page is one row, and fields are selected from the document. */
  rows: string | null;
  /** Of microdata. */
  type: string | null;
  count: number;
  fields: FoundField[];
  /** Selector of the element that is the row, of a page that is one row. */
  root: string | null;
  /** Repeated elsewhere than in the element that the page is about: what goes well with it. */
  isBeside: boolean;
}

export interface FoundMeta {
  name: string;
  select: string;
  attribute: string | null;
  content: string;
}

export interface FoundLink {
  /** Absolute, http(s). */
  url: string;
  rel: string;
}

export interface FoundPage {
  /** Where it stands after redirects. */
  url: string;
  title: string;
  /** Texts of the JSON-LD scripts. */
  jsonLd: string[];
  meta: FoundMeta[];
  rows: FoundRows[];
  links: FoundLink[];
}

/** Most that is looked at and carried of one page. */
export interface LookBounds {
  elements: number;
  jsonLdTexts: number;
  jsonLdCharacters: number;
  links: number;
  groups: number;
  fields: number;
}
