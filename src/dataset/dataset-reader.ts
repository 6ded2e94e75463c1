/** What reads a file of a dataset: DuckDB, or parquetjs-lite what its own engine wrote. The two give the same. */

/**
 * Numbers (bigint when an int64 is no safe integer), Dates for timestamps, text for dates and decimals, arrays, plain
 * objects for structs and maps, null.
 */
export type Rows = Record<string, unknown>[];

export interface DatasetReader {
  /** At most `n` rows. */
  first(path: string, n: number): Promise<Rows>;
  /** `_page_url` of the first row and of each `step`th after it. */
  pagesAtEach(path: string, step: number): Promise<string[]>;
  /** All rows whose `_page_url` is one of these. */
  ofPages(path: string, urls: readonly string[]): Promise<Rows>;
}
